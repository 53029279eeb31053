import { openView } from "../widget";
import { transcriptReader } from "./component";

export default openView(transcriptReader);
