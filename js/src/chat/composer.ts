import type { Port } from "../host/port";
import { button, focusOn, make, on } from "../shared/dom";
import { SENDS, sendsWith } from "../shared/sending";
import { unique } from "../shared/unique";
import { Attachments, type Upload } from "./attachments";
import type { Outgoing, State } from "./wire";

/** Where one writes: nothing that was written is lost, whatever happens to it. */
export class Composer {
  readonly element = make("form", "dari-composer", { "aria-label": "Message" });
  readonly #port: Port<State>;
  readonly #sent: () => void;
  readonly #signal: AbortSignal;
  readonly #outbox = make("ul", "dari-outbox", { "aria-label": "Not sent yet" });
  readonly #field: HTMLTextAreaElement;
  readonly #llm = make("select", "", { "aria-label": "LLM" });
  readonly #note = make("span", "dari-note", { role: "status" });
  readonly #attachments: Attachments;
  readonly #send: HTMLButtonElement;

  /**
   * @param port Where messages go.
   * @param sent Called when a message went out.
   * @param signal Ends the listening.
   * @param others What else can be done from here.
   */
  constructor(
    port: Port<State>,
    sent: () => void,
    signal: AbortSignal,
    others: HTMLButtonElement[] = [],
  ) {
    this.#port = port;
    this.#sent = sent;
    this.#signal = signal;
    this.#field = make("textarea", "", {
      rows: "2",
      "aria-label": `Message to ${port.get("agent")}`,
    });
    this.#attachments = new Attachments(port, (words) => this.#say(words), signal);
    this.#send = button("Send", () => this.#submit(), signal, { class: "dari-main", title: SENDS });
    const picker = make("input", "", { type: "file", multiple: "", hidden: "" });
    const attach = button("Attach", () => picker.click(), signal);
    on(picker, "change", () => this.#picked(picker), signal);
    const line = make("div", "dari-line", {}, attach, picker, ...others, this.#llm);
    line.append(this.#note, make("small", "", {}, `${SENDS} sends`), this.#send);
    this.element.append(this.#outbox, this.#attachments.element, this.#field, line);
    on(this.#field, "input", () => this.#grow(), signal);
    sendsWith(this.#field, () => this.#submit());
    this.#listenToDrops(signal);
    port.watch(["llms", "begun", "agent"], () => this.#showTraits(), signal);
    on(this.#llm, "change", () => port.set({ llm: this.#llm.value }), signal);
    this.#showTraits();
  }

  focus(): void {
    focusOn(this.#field);
  }

  #showTraits(): void {
    const [llms, agent] = [this.#port.get("llms"), this.#port.get("agent")];
    this.#llm.hidden = this.#port.get("begun") || llms.length === 0;
    const options = ["", ...llms].map((llm) =>
      make("option", "", { value: llm }, llm || "default LLM"),
    );
    this.#llm.replaceChildren(...options);
    this.#llm.value = this.#port.get("llm");
    this.#field.placeholder = `Message ${agent}`;
  }

  #grow(): void {
    const field = this.#field;
    field.style.height = "auto";
    field.style.height = `${field.scrollHeight + 2}px`;
  }

  #submit(): void {
    const text = this.#field.value;
    if (!text.trim() && this.#attachments.isEmpty) {
      this.#say("Write something first.");
      this.focus();
      return;
    }
    this.#say("");
    this.#field.value = "";
    this.#grow();
    const files = this.#attachments.take();
    const message = {
      key: `chat-${unique()}`,
      text,
      files: files.map((file) => file.key),
      llm: this.#llm.value,
    };
    void this.#deliver(message, files);
  }

  /** Shows the message as on its way until the kernel has it; then it is in the transcript. */
  async #deliver(message: Outgoing, files: Upload[]): Promise<void> {
    const state = make("small", "", {}, "sending …");
    const names = files.map((one) => one.file.name).join(", ");
    const words = [message.text, names && `(${names})`].filter(Boolean).join(" ");
    const entry = make("li", "", {}, make("span", "", {}, words), state);
    this.#outbox.append(entry);
    try {
      await Promise.all(files.map((file) => file.arrive()));
      await this.#port.ask("send", message);
      entry.remove();
      this.#sent();
    } catch (error) {
      state.textContent = (error as Error).message;
      this.#offerAgain(entry, message, files);
    }
  }

  /** The same keys again: should the first try have arrived after all, nothing is doubled. */
  #offerAgain(entry: HTMLElement, message: Outgoing, files: Upload[]): void {
    entry.dataset.state = "failed";
    const offer = (label: string, does?: () => void) => {
      const chosen = () => {
        entry.remove();
        does?.();
        this.focus();
      };
      entry.append(button(label, chosen, this.#signal));
    };
    offer("Send again", () => void this.#deliver(message, files));
    offer("Edit", () => {
      this.#attachments.put(files);
      this.#field.value = [message.text, this.#field.value].filter(Boolean).join("\n");
      this.#grow();
    });
    offer("Discard");
  }

  #picked(picker: HTMLInputElement): void {
    this.#attachments.add(picker.files ?? []);
    picker.value = "";
    this.focus();
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
      on(this.element, name, over, signal);
    }
  }

  #say(words: string): void {
    this.#note.textContent = words;
  }
}
