import { chat } from "../../src/chat/component";
import type { State } from "../../src/chat/wire";
import { inSight, TranscriptPort } from "../reader/transcripts";
import { show } from "../view";

const STATE: State = {
  agent: "helper",
  llms: ["small"],
  llm: "",
  begun: false,
  most_bytes: 2_000_000,
  open_calls: [],
  questions: [],
};

/** A kernel with a chat. */
export class ChatPort extends TranscriptPort<State> {
  /** Why messages aren't taken; empty where they are. */
  refusal = "";

  constructor(changes: Partial<State> = {}) {
    super({}, { ...STATE, ...changes });
    this.answer = (what, body) => {
      if (this.refusal && /send|upload|submit/.test(what)) throw new Error(this.refusal);
      return /send|upload|submit/.test(what) ? null : this.tells(what, body);
    };
  }
}

/** Shows a chat. */
export function shown(port = new ChatPort()): ChatPort {
  inSight();
  show(chat, port);
  return port;
}
