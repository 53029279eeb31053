import type { Port } from "../host/port";
import type { Decision, Question } from "../host/wire";
import { button, focused, focusOn, keep, make, on } from "./dom";

/** What a view with questions has among its traits. */
interface Asking {
  questions: Question[];
}

type AskingPort = Pick<Port<Asking>, "get" | "watch" | "ask">;

/** Where the reader is to answer when no message reaches the kernel. */
const BLOCKED = "The cell is busy: answer in the input field below it.";

/** Tool calls that wait for the reader's decision, each as a card with its arguments open. */
export class Questions {
  readonly element = make("section", "dari-questions", {
    "aria-label": "Tool calls to decide about",
  });
  readonly #port: AskingPort;
  readonly #blocking: () => boolean;
  readonly #after: () => void;
  readonly #signal: AbortSignal;
  readonly #cards = new Map<string, HTMLElement>();
  readonly #spoken = make("span", "dari-spoken", { role: "status" });

  /**
   * @param port Where the questions are, and the decisions go.
   * @param blocking Whether the cell is busy until the turn ends.
   * @param after Takes the focus when the reader has decided about all.
   * @param signal Ends the listening.
   */
  constructor(port: AskingPort, blocking: () => boolean, after: () => void, signal: AbortSignal) {
    this.#port = port;
    this.#blocking = blocking;
    this.#after = after;
    this.#signal = signal;
    this.element.append(this.#spoken);
    port.watch(["questions"], () => this.#show(), signal);
    this.#show();
  }

  #show(): void {
    const hadFocus = this.element.contains(focused(this.element));
    keep(this.#cards, this.#port.get("questions"), (question) => this.#add(question));
    // Who decides about several calls goes on with the next one.
    if (hadFocus && !this.element.contains(focused(this.element))) this.#goOn();
  }

  #goOn(): void {
    // The card itself has the focus, not its first button: no key decides twice.
    const next = this.element.querySelector<HTMLElement>("[tabindex]");
    if (next) next.focus();
    else this.#after();
  }

  #add(question: Question): HTMLElement {
    const card = this.#card(question);
    this.element.append(card);
    this.#spoken.textContent = `${question.name} wants to run and waits for your decision`;
    return card;
  }

  #card(question: Question): HTMLElement {
    const title = make("p", "", {}, make("code", "", {}, question.name), " wants to run");
    const given = make("div", "dari-given", { tabindex: "0", "aria-label": "Arguments" });
    given.setAttribute("role", "group");
    // Sanitised by Python, like every fragment.
    given.innerHTML = question.arguments;
    const card = make("div", "dari-question", { role: "group", tabindex: "-1" }, title);
    card.setAttribute("aria-label", `${question.name} wants to run`);
    if (question.about) card.append(make("p", "dari-about", {}, question.about));
    const isBlocked = this.#blocking();
    card.append(
      given,
      isBlocked ? make("p", "dari-note", {}, BLOCKED) : this.#choices(question.id, card),
    );
    return card;
  }

  #choices(id: string, card: HTMLElement): HTMLElement {
    const note = make("span", "dari-note", { role: "alert" });
    const why = make("input", "", {
      type: "text",
      "aria-label": "Reason to refuse",
      placeholder: "why, if you refuse",
    });
    const decide = async (verdict: Decision["verdict"]) => {
      const pressed = focused(card);
      const reason = verdict === "refuse" ? why.value.trim() : "";
      // What is inert loses the focus, and keys would go to the notebook.
      focusOn(card);
      line.toggleAttribute("inert", true);
      try {
        await this.#port.ask("decide", { id, verdict, reason } satisfies Decision);
      } catch (error) {
        note.textContent = (error as Error).message;
        line.toggleAttribute("inert", false);
        if (pressed instanceof HTMLElement && line.contains(pressed)) pressed.focus();
      }
    };
    const typed = (event: KeyboardEvent) => {
      if (event.key === "Enter" && !event.isComposing) void decide("refuse");
    };
    on(why, "keydown", typed, this.#signal);
    const choice = (verdict: Decision["verdict"], label: string, look: string) =>
      button(label, () => void decide(verdict), this.#signal, look ? { class: look } : {});
    const line = make(
      "div",
      "dari-line",
      {},
      choice("run", "Run it", "dari-main"),
      choice("refuse", "Refuse", ""),
      why,
      choice("always", "Always for this tool in this session", ""),
      note,
    );
    return line;
  }
}
