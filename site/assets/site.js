// The theme's search is a dialog without a name, and what scrolls sideways is to be reached by the keyboard, too.
const SIDEWAYS = ".md-typeset__scrollwrap, .md-typeset__table, .md-typeset pre, .md-typeset pre > code, .md-typeset table, .bw-paper";

function mend() {
  document.querySelector(".md-search[role=dialog]")?.setAttribute("aria-label", "Search");
  for (const box of document.querySelectorAll(SIDEWAYS)) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
  }
}

addEventListener("load", mend);
addEventListener("resize", mend);
new MutationObserver(mend).observe(document.body, { childList: true, subtree: true });
