/** The views with no kernel: scripts play its part. `npm run demo` serves them. */
import { showChat } from "./chat";
import { showLive } from "./live";
import { showMatrix } from "./matrix";
import { showSessions } from "./sessions";

const shows = { live: showLive, matrix: showMatrix, chat: showChat, sessions: showSessions };

for (const [id, show] of Object.entries(shows)) {
  show(document.getElementById(id) as HTMLElement);
}
