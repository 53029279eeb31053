import { openView } from "../widget";
import { chat } from "./component";

export default openView(chat);
