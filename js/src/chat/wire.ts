import type { Question } from "../host/wire";

/** What a chat and its kernel tell each other; `dari_nb/widgets/chat/wire.py` has the same shapes. */

/** One part of a form; `choices` are those of a `choice`, `help` may be empty. */
export interface Field {
  name: string;
  kind: "text" | "number" | "integer" | "boolean" | "choice" | "json";
  choices: string[];
  required: boolean;
  help: string;
}

/** A tool call that waits for an answer from here; no fields means any JSON. */
export interface OpenCall {
  id: string;
  message_id: string;
  name: string;
  fields: Field[];
}

/** Body of the request `send`; `key` makes sure that sending again never doubles it. */
export interface Outgoing {
  key: string;
  text: string;
  files: string[];
  llm: string;
}

/** Body of the request `upload`: a part of a file, in the buffer. */
export interface Chunk {
  key: string;
  name: string;
  size: number;
  offset: number;
}

/** Body of the request `submit`: values by field, or JSON text when there are no fields. */
export interface Answering {
  id: string;
  message_id: string;
  is_error: boolean;
  values: unknown;
}

/** The synced traits, beside those of a reader; `most_bytes` limits one file. */
export interface State {
  agent: string;
  llms: string[];
  llm: string;
  begun: boolean;
  most_bytes: number;
  open_calls: OpenCall[];
  questions: Question[];
}
