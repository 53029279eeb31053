import type { Port } from "../host/port";
import { decode } from "../host/port";
import { edited } from "../shared/grow";
import type { Growth, Piece, Row, State, Wanted } from "./wire";

/** Characters of HTML that a page keeps; what was longest out of use goes first. */
const KEPT_CHARS = 3_000_000;

/** Items in one request: about what is seen at once, so that it comes before the rest. */
const AT_ONCE = 24;

/** The HTML of the items that were seen of late; the rest is asked for. */
export class Pieces {
  readonly #port: Port<State>;
  readonly #arrived: () => void;
  readonly #failed: (why: string) => void;
  readonly #kept = new Map<string, Piece>();
  readonly #drafts = new Map<string, string>();
  #chars = 0;
  #wanted: string[] = [];
  #asking = false;

  /**
   * @param arrived Called when something came that was asked for.
   * @param failed Called with words for the reader when it did not come.
   */
  constructor(port: Port<State>, arrived: () => void, failed: (why: string) => void) {
    this.#port = port;
    this.#arrived = arrived;
    this.#failed = failed;
  }

  /** The newest version that is here, be it an older one; undefined when there is none. */
  get(row: Row): Piece | undefined {
    const piece = this.#kept.get(row.id);
    if (!piece) return undefined;
    this.#kept.delete(row.id);
    this.#kept.set(row.id, piece);
    return piece;
  }

  /** Keeps what came unasked. */
  add(pieces: Piece[]): void {
    for (const piece of pieces) this.#keep(piece);
  }

  /** Lets answers grow; where the version before is not here, all of it is asked for. */
  grow(growths: Growth[]): void {
    for (const { id, of, base, rev, edits } of growths) {
      const before = this.#kept.get(of);
      if (base > 0 && before?.rev !== base) continue;
      this.#keep({ id, rev, html: edited(base > 0 ? (before?.html ?? "") : "", edits) });
      if (id !== of) this.#drafts.set(id, of);
    }
  }

  /** The draft whose place an item takes; told once. */
  draftOf(id: string): string | undefined {
    const draft = this.#drafts.get(id);
    this.#drafts.delete(id);
    return draft;
  }

  /** Asks for what is not here in the version of its row, the first ones first. */
  want(rows: Row[]): void {
    this.#wanted = rows
      .filter((row) => this.#kept.get(row.id)?.rev !== row.rev)
      .map((row) => row.id);
    if (!this.#asking) void this.#ask();
  }

  async #ask(): Promise<void> {
    this.#asking = true;
    try {
      while (this.#wanted.length > 0) {
        const ids = this.#wanted.splice(0, AT_ONCE);
        const { buffers } = await this.#port.ask("fragments", { ids } satisfies Wanted);
        const pieces = decode<Piece>(buffers);
        this.add(pieces);
        if (pieces.length > 0) this.#arrived();
      }
    } catch (error) {
      this.#failed((error as Error).message);
    } finally {
      this.#asking = false;
    }
  }

  #keep(piece: Piece): void {
    this.#chars += piece.html.length - (this.#kept.get(piece.id)?.html.length ?? 0);
    this.#kept.delete(piece.id);
    this.#kept.set(piece.id, piece);
    for (const [id, old] of this.#kept) {
      if (this.#chars <= KEPT_CHARS || id === piece.id) return;
      this.#kept.delete(id);
      this.#chars -= old.html.length;
    }
  }
}
