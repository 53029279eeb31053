// One ESM and one CSS for the Python package, or the demo page with no kernel (--demo).
import { build, context } from "esbuild";

const shared = {
  bundle: true,
  format: "esm",
  target: ["es2022", "chrome109", "firefox110", "safari16"],
  charset: "utf8",
  legalComments: "none",
  logLevel: "info",
};

if (process.argv.includes("--demo")) {
  const demo = await context({
    ...shared,
    entryPoints: { demo: "demo/demo.ts", styles: "src/styles.css" },
    outdir: "demo/build",
  });
  await demo.watch();
  await demo.serve({ host: "127.0.0.1", servedir: "demo" });
} else {
  await build({
    ...shared,
    entryPoints: { widget: "src/widget.ts" },
    outdir: "../dari_nb/widgets/static",
    minify: true,
  });
  await build({
    ...shared,
    entryPoints: { widget: "src/styles.css" },
    outdir: "../dari_nb/widgets/static",
    minify: true,
  });
}
