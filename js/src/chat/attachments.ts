import { button, make } from "../shared/dom";
import type { Port } from "../shared/port";
import type { Chunk, State } from "./wire";

/** Far below what a Jupyter server takes in one message. */
const PART_BYTES = 512 * 1024;

/** The files that go with the next message: sent to the kernel as soon as they are chosen. */
export class Attachments {
  readonly element = make("ul", "dari-attached", { "aria-label": "Attached files" });
  readonly #port: Port<State>;
  readonly #signal: AbortSignal;
  readonly #say: (words: string) => void;
  readonly #files = new Map<string, Promise<boolean>>();

  constructor(port: Port<State>, say: (words: string) => void, signal: AbortSignal) {
    this.#port = port;
    this.#say = say;
    this.#signal = signal;
    this.element.hidden = true;
  }

  get isEmpty(): boolean {
    return this.#files.size === 0;
  }

  add(files: Iterable<File>): void {
    for (const file of files) this.#add(file);
  }

  /** Waits until all have arrived; returns their keys, and holds none any more. */
  async take(): Promise<string[]> {
    const files = [...this.#files];
    const arrived = await Promise.all(files.map(([, done]) => done));
    if (arrived.includes(false)) throw new Error("A file did not arrive: remove it, or try again.");
    this.#files.clear();
    this.element.replaceChildren();
    this.element.hidden = true;
    return files.map(([key]) => key);
  }

  #add(file: File): void {
    if (file.size > this.#port.get("most_bytes")) {
      this.#say(`${file.name} is larger than ${sizeText(this.#port.get("most_bytes"))}.`);
      return;
    }
    const key = crypto.randomUUID();
    const progress = make("span", "dari-count", {}, "0 %");
    const item = make("li", "", {}, make("span", "", {}, `${file.name} · ${sizeText(file.size)}`));
    const remove = () => {
      this.#files.delete(key);
      item.remove();
      this.element.hidden = this.isEmpty;
    };
    const cross = button("×", remove, this.#signal, { "aria-label": `Remove ${file.name}` });
    item.append(progress, cross);
    this.element.append(item);
    this.element.hidden = false;
    const show = (words: string) => {
      progress.textContent = words;
    };
    this.#files.set(key, this.#upload(key, file, show));
  }

  async #upload(key: string, file: File, show: (words: string) => void): Promise<boolean> {
    const { name, size } = file;
    try {
      for (let offset = 0; offset < size || offset === 0; offset += PART_BYTES) {
        const part = await file.slice(offset, offset + PART_BYTES).arrayBuffer();
        await this.#port.ask("upload", { key, name, size, offset } satisfies Chunk, [part]);
        if (!this.#files.has(key)) return false;
        show(`${Math.round((100 * (offset + part.byteLength)) / Math.max(1, size))} %`);
      }
    } catch (error) {
      show("failed");
      this.#say((error as Error).message);
      return false;
    }
    show("");
    return true;
  }
}

/** `812 B`, `4.2 kB`, `25 MB`. */
export function sizeText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const [value, unit] = bytes < 1e6 ? [bytes / 1000, "kB"] : [bytes / 1e6, "MB"];
  return `${value < 10 ? value.toFixed(1).replace(".0", "") : Math.round(value)} ${unit}`;
}
