import { openView } from "../widget";
import { player } from "./component";

export default openView(player);
