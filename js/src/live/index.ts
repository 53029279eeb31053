import { openView } from "../widget";
import { liveTranscript } from "./component";

export default openView(liveTranscript);
