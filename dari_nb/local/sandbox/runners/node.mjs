// Runs one call of a custom tool inside the sandbox: node.mjs FILE EXPORT.
// Reads the arguments as JSON and writes {"result": …} or {"error": …}. What the handler prints goes
// to the errors, so that nothing it prints can be taken for its result.
import { readFileSync, writeSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [file, name] = process.argv.slice(2);
const given = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write = process.stderr.write.bind(process.stderr);

function answer(value) {
  let rest = Buffer.from(JSON.stringify(value));
  while (rest.length > 0) rest = rest.subarray(write(rest));
  process.exit(0);
}

// The pipe may be full for a moment, as its other end is read while this runs.
function write(bytes) {
  try {
    return writeSync(1, bytes);
  } catch (error) {
    if (error.code === "EAGAIN") return 0;
    throw error;
  }
}

try {
  const result = await (await import(pathToFileURL(file).href))[name](given);
  answer({ result: result === undefined ? null : result });
} catch (error) {
  console.error(error);
  answer({ error: error instanceof Error ? `${error.name}: ${error.message}` : String(error) });
}
