// Code and tables that are wider than the window scroll by themselves: by keyboard as well.
function letScroll() {
  for (const box of document.querySelectorAll("pre, .table-wrapper")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}
addEventListener("load", letScroll);
addEventListener("resize", letScroll);
document.addEventListener("toggle", letScroll, true); // what unfolds
