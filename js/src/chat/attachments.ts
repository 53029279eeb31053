import type { Port } from "../host/port";
import { button, make } from "../shared/dom";
import { unique } from "../shared/unique";
import type { Chunk, State } from "./wire";

/** Far below what a Jupyter server takes in one message. */
const PART_BYTES = 512 * 1024;

/** The files that go with the next message: sent to the kernel as soon as they are chosen. */
export class Attachments {
  readonly element = make("ul", "dari-attached", { "aria-label": "Attached files" });
  readonly #port: Port<State>;
  readonly #signal: AbortSignal;
  readonly #say: (words: string) => void;
  readonly #files = new Map<string, Upload>();

  constructor(port: Port<State>, say: (words: string) => void, signal: AbortSignal) {
    this.#port = port;
    this.#say = say;
    this.#signal = signal;
  }

  get isEmpty(): boolean {
    return this.#files.size === 0;
  }

  add(files: Iterable<File>): void {
    for (const file of files) this.#add(file);
  }

  /** Gives the files to a message, on their way as they are, and holds none any more. */
  take(): Upload[] {
    const files = [...this.#files.values()];
    this.#files.clear();
    this.element.replaceChildren();
    return files;
  }

  /** Takes files back from a message that is written anew; what has arrived stays so. */
  put(files: Upload[]): void {
    for (const upload of files) this.#show(upload);
  }

  #add(file: File): void {
    if (file.size > this.#port.get("most_bytes")) {
      this.#say(`${file.name} is larger than ${sizeText(this.#port.get("most_bytes"))}.`);
      return;
    }
    const upload = new Upload(this.#port, file);
    this.#show(upload);
    upload.arrive().catch((error: Error) => this.#say(error.message));
  }

  #show(upload: Upload): void {
    const { key, file } = upload;
    const name = make("span", "", {}, `${file.name} · ${sizeText(file.size)}`);
    const item = make("li", "", {}, name, upload.progress);
    const remove = () => {
      upload.isWanted = false;
      this.#files.delete(key);
      item.remove();
    };
    item.append(button("×", remove, this.#signal, { "aria-label": `Remove ${file.name}` }));
    this.#files.set(key, upload);
    this.element.append(item);
  }
}

/** One file on its way to the kernel. */
export class Upload {
  readonly key = `${unique()}`;
  readonly file: File;
  readonly progress = make("span", "dari-count", {}, "0 %");
  isWanted = true;
  readonly #port: Port<State>;
  #arriving: Promise<void> | undefined;

  constructor(port: Port<State>, file: File) {
    this.#port = port;
    this.file = file;
  }

  /** Resolves when the kernel has it; sends it again only if it did not arrive before. */
  arrive(): Promise<void> {
    this.#arriving ??= this.#send().catch((error: Error) => {
      this.#arriving = undefined;
      this.progress.textContent = "failed";
      throw new Error(`${this.file.name} did not arrive: ${error.message}`);
    });
    return this.#arriving;
  }

  async #send(): Promise<void> {
    const { key, file } = this;
    const { name, size } = file;
    for (let offset = 0; offset < size || offset === 0; offset += PART_BYTES) {
      const part = await file.slice(offset, offset + PART_BYTES).arrayBuffer();
      await this.#port.ask("upload", { key, name, size, offset } satisfies Chunk, [part]);
      if (!this.isWanted) return;
      const share = (offset + part.byteLength) / Math.max(1, size);
      this.progress.textContent = `${Math.round(100 * share)} %`;
    }
    this.progress.textContent = "";
  }
}

/** `812 B`, `4.2 kB`, `25 MB`. */
export function sizeText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const [value, unit] = bytes < 1e6 ? [bytes / 1000, "kB"] : [bytes / 1e6, "MB"];
  return `${value < 10 ? value.toFixed(1).replace(".0", "") : Math.round(value)} ${unit}`;
}
