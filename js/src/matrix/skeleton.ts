const VALUES = [1, 2, 3, 4, 5].map((n) => `<button type="button" value="${n}">${n}</button>`);

/** What stands around the cells; buttons are told apart by their names, ratings by their values. */
export const SKELETON = `<header></header>
<div class="dari-tools"><div></div><span class="dari-note"></span>
<button type="button" name="compare" title="c"></button>
<button type="button" name="clear" title="Choose none">Clear</button>
<button type="button" name="stop" title="Stop following; the sessions go on">Stop</button></div>
<div class="dari-split">
<div class="dari-grid"><table class="dari-cells" role="grid" aria-label="Matrix"
aria-multiselectable="true"></table></div>
<aside class="dari-pane" aria-label="Opened" hidden>
<div class="dari-tools"><header></header>
<button type="button" name="close" title="Escape">Close</button></div>
<div class="dari-rate" role="group" aria-label="Rating from 1 to 5">${VALUES.join("")}
<input aria-label="Note" placeholder="Note"><span class="dari-note"></span></div>
<p class="dari-more"></p><div class="dari-log" role="region" tabindex="0"></div></aside></div>
<span class="dari-spoken" role="status"></span>`;
