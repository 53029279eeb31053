// An ESM and a CSS for each view, into the Python package; or the demo page with no kernel (--demo).
import { existsSync, readdirSync } from "node:fs";
import { build, context } from "esbuild";

const shared = {
  bundle: true,
  format: "esm",
  target: ["es2022", "chrome109", "firefox110", "safari16"],
  charset: "utf8",
  legalComments: "none",
  logLevel: "info",
};
// A folder with an index is a view: its widget carries what it needs and nothing of the others.
const views = readdirSync("src").filter((name) => existsSync(`src/${name}/index.ts`));
const entries = (file) => Object.fromEntries(views.map((name) => [name, `src/${name}/${file}`]));

if (process.argv.includes("--demo")) {
  const demo = await context({
    ...shared,
    entryPoints: { demo: "demo/demo.ts", styles: "src/styles.css" },
    outdir: "demo/build",
  });
  await demo.watch();
  await demo.serve({ host: "127.0.0.1", servedir: "demo" });
} else {
  const outdir = "../dari_nb/widgets/static";
  await build({ ...shared, entryPoints: entries("index.ts"), outdir, minify: true });
  // What is in a page of its own can be imported by nothing.
  await build({
    ...shared,
    format: "iife",
    // A page of plain ASCII is read many times faster than one that is not.
    charset: "ascii",
    entryPoints: { player_page: "src/player/page.ts" },
    outdir,
    minify: true,
  });
  await build({
    ...shared,
    // Saved static output carries nested rules as they are; spelt out they would take a third more.
    target: ["chrome120", "firefox117", "safari17.2"],
    entryPoints: entries("index.css"),
    outdir,
    minify: true,
  });
}
