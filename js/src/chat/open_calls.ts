import type { Port } from "../host/port";
import { button, keep, make, on } from "../shared/dom";
import type { Answering, Field, OpenCall, State } from "./wire";

/** Tool calls that wait for an answer from here, each with a form of its own. */
export class OpenCalls {
  readonly element = make("div", "dari-open");
  readonly #port: Port<State>;
  readonly #signal: AbortSignal;
  readonly #forms = new Map<string, HTMLElement>();

  constructor(port: Port<State>, signal: AbortSignal) {
    this.#port = port;
    this.#signal = signal;
    port.watch(["open_calls"], () => this.#show(), signal);
    this.#show();
  }

  #show(): void {
    keep(this.#forms, this.#port.get("open_calls"), (call) => this.#form(call));
    this.element.hidden = this.#forms.size === 0;
  }

  #form(call: OpenCall): HTMLElement {
    const inputs = new Map(call.fields.map((field) => [field.name, inputOf(field)]));
    const json = make("textarea", "", {
      rows: "2",
      "aria-label": "Answer as JSON",
      spellcheck: "false",
      placeholder: 'JSON, such as {"ok": true} or "text"',
    });
    const note = make("span", "dari-note", { role: "alert" });
    const values = () =>
      call.fields.length > 0
        ? Object.fromEntries([...inputs].map(([name, input]) => [name, entered(input)]))
        : json.value;
    const submit = async (is_error: boolean) => {
      note.textContent = "";
      const body = { id: call.id, message_id: call.message_id, is_error };
      const answer: Answering = { ...body, values: is_error ? "Refused by the user." : values() };
      try {
        await this.#port.ask("submit", answer);
        form.toggleAttribute("inert", true);
      } catch (error) {
        note.textContent = (error as Error).message;
      }
    };
    const form = make(
      "form",
      "",
      { "aria-label": `Answer ${call.name}` },
      make("p", "", {}, make("code", "", {}, call.name), " waits for your answer"),
      ...(call.fields.length > 0
        ? call.fields.map((f) => labelled(f, inputs.get(f.name)))
        : [json]),
      make(
        "div",
        "dari-line",
        {},
        button("Answer", () => void submit(false), this.#signal, { class: "dari-main" }),
        button("Refuse", () => void submit(true), this.#signal),
        note,
      ),
    );
    on(form, "submit", (event) => event.preventDefault(), this.#signal);
    this.element.append(form);
    return form;
  }
}

type Input = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

function inputOf(field: Field): Input {
  if (field.kind === "choice") {
    const options = ["", ...field.choices].map((one) => make("option", "", { value: one }, one));
    return make("select", "", {}, ...options);
  }
  if (field.kind === "json") return make("textarea", "", { rows: "2", placeholder: "JSON" });
  if (field.kind === "boolean") return make("input", "", { type: "checkbox" });
  const type = field.kind === "text" ? "text" : "number";
  return make("input", "", { type, step: field.kind === "integer" ? "1" : "any" });
}

function entered(input: Input): unknown {
  return input instanceof HTMLInputElement && input.type === "checkbox"
    ? input.checked
    : input.value;
}

function labelled(field: Field, input: Input | undefined): HTMLElement {
  const name = make("span", "", {}, field.required ? field.name : `${field.name} (optional)`);
  return make("label", "", {}, name, input ?? "", make("small", "", {}, field.help));
}
