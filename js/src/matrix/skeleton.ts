const VALUES = [1, 2, 3, 4, 5].map((n) => `<button value="${n}">${n}</button>`);

/** What stands around the cells; buttons are told apart by their names, ratings by their values. */
export const SKELETON = `<header></header><div class="dari-seen"></div>
<div class="dari-tools"><div></div><span class="dari-note"></span>
<button name="compare"></button><button name="clear">Select none</button>
<button name="stop"></button><button name="keys" aria-label="Keys">?</button></div>
<div class="dari-sheet" hidden></div><p class="dari-more dari-hint"></p><div class="dari-split dari-fills">
<div class="dari-grid"><table class="dari-cells" role="grid" aria-label="Matrix"
aria-multiselectable="true"></table></div>
<aside class="dari-pane" hidden>
<div class="dari-tools"><header></header>
<span class="dari-repeats" hidden><small>repeat</small></span>
<button name="close" title="Escape">Close</button>
<div class="dari-rate" role="group" aria-label="Rating, 5 is the best">
<small>worst</small>${VALUES.join("")}<small>best</small>
<input aria-label="Note" placeholder="Note"><span class="dari-note"></span></div></div>
<p class="dari-more"></p><div class="dari-log" role="region" tabindex="0"></div></aside></div>
<span class="dari-spoken" role="status"></span>`;
