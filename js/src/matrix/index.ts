import { openView } from "../widget";
import { matrix } from "./component";

export default openView(matrix);
