import { button, make } from "../shared/dom";
import type { Port } from "../shared/port";
import { Attachments } from "./attachments";
import type { Outgoing, State } from "./wire";

const IS_MAC = /Mac|iP(hone|ad)/.test(navigator.platform);

/** Where one writes: nothing that was written is lost, whatever happens to it. */
export class Composer {
  readonly element = make("form", "dari-composer", { "data-keys": "", "aria-label": "Message" });
  readonly #port: Port<State>;
  readonly #sent: () => void;
  readonly #signal: AbortSignal;
  readonly #outbox = make("ul", "dari-outbox", { "aria-label": "Not sent yet" });
  readonly #field: HTMLTextAreaElement;
  readonly #llm = make("select", "", { "aria-label": "LLM" });
  readonly #note = make("span", "dari-note", { role: "status" });
  readonly #attachments: Attachments;
  readonly #send: HTMLButtonElement;

  /** @param sent Called when a message went out. */
  constructor(port: Port<State>, sent: () => void, signal: AbortSignal) {
    this.#port = port;
    this.#sent = sent;
    this.#signal = signal;
    this.#field = make("textarea", "", {
      rows: "2",
      "aria-label": `Message to ${port.get("agent")}`,
    });
    this.#attachments = new Attachments(port, (words) => this.#say(words), signal);
    this.#send = button("Send", () => this.#submit(), signal, { class: "dari-main" });
    const picker = make("input", "", { type: "file", multiple: "", hidden: "" });
    const attach = button("Attach", () => picker.click(), signal);
    picker.addEventListener("change", () => this.#picked(picker), { signal });
    const line = make("div", "dari-line", {}, attach, picker, this.#llm, this.#note, this.#send);
    this.element.append(this.#outbox, this.#attachments.element, this.#field, line);
    this.element.addEventListener("submit", (event) => event.preventDefault(), { signal });
    this.#field.addEventListener("input", () => this.#grow(), { signal });
    this.#field.addEventListener("keydown", (event) => this.#pressed(event), { signal });
    this.#listenToDrops(signal);
    port.watch(["llms", "begun", "agent"], () => this.#showTraits(), signal);
    this.#llm.addEventListener("change", () => port.set({ llm: this.#llm.value }), { signal });
    this.#showTraits();
  }

  #showTraits(): void {
    const [llms, agent] = [this.#port.get("llms"), this.#port.get("agent")];
    this.#llm.hidden = this.#port.get("begun") || llms.length === 0;
    const options = ["", ...llms].map((llm) =>
      make("option", "", { value: llm }, llm || "default LLM"),
    );
    this.#llm.replaceChildren(...options);
    this.#llm.value = this.#port.get("llm");
    this.#field.placeholder = `Message ${agent} — ${IS_MAC ? "⌘" : "Ctrl"}+Enter sends`;
  }

  /** Keys are for the text: the notebook must neither run the cell nor leave it. */
  #pressed(event: KeyboardEvent): void {
    event.stopPropagation();
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
    event.preventDefault();
    this.#submit();
  }

  #grow(): void {
    this.#field.style.height = "auto";
    this.#field.style.height = `${this.#field.scrollHeight + 2}px`;
  }

  #submit(): void {
    const text = this.#field.value;
    if (!text.trim() && this.#attachments.isEmpty) {
      this.#say("Write something first.");
      this.#field.focus();
      return;
    }
    this.#say("");
    this.#field.value = "";
    this.#grow();
    const message = { key: `chat-${crypto.randomUUID()}`, text, files: [], llm: this.#llm.value };
    void this.#deliver(message, this.#attachments.take());
  }

  /** Shows the message as on its way until the kernel has it; then it is in the transcript. */
  async #deliver(message: Outgoing, files: Promise<string[]>): Promise<void> {
    const state = make("small", "", {}, "sending …");
    const entry = make("li", "", {}, make("span", "", {}, message.text || "(files)"), state);
    this.#outbox.append(entry);
    const sending = { ...message };
    try {
      sending.files = [...message.files, ...(await files)];
      await this.#port.ask("send", sending);
      entry.remove();
      this.#sent();
    } catch (error) {
      state.textContent = (error as Error).message;
      this.#offerAgain(entry, sending);
    }
  }

  /** The same key again: should the first try have arrived after all, it is not doubled. */
  #offerAgain(entry: HTMLElement, message: Outgoing): void {
    entry.dataset.state = "failed";
    const again = () => {
      entry.remove();
      void this.#deliver(message, Promise.resolve([]));
    };
    const edit = () => {
      entry.remove();
      this.#field.value = [message.text, this.#field.value].filter(Boolean).join("\n");
      this.#grow();
      this.#field.focus();
    };
    entry.append(button("Send again", again, this.#signal), button("Edit", edit, this.#signal));
  }

  #picked(picker: HTMLInputElement): void {
    this.#attachments.add(picker.files ?? []);
    picker.value = "";
    this.#field.focus();
  }

  #listenToDrops(signal: AbortSignal): void {
    const over = (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      event.stopPropagation();
      this.element.classList.toggle("dari-over", event.type === "dragover");
      if (event.type === "drop") this.#attachments.add(event.dataTransfer.files);
    };
    for (const name of ["dragover", "dragleave", "drop"] as const) {
      this.element.addEventListener(name, over, { signal });
    }
  }

  #say(words: string): void {
    this.#note.textContent = words;
  }
}
