// Code is shown as large as its longest line permits; what is then still taller than its slide is
// made smaller, to two thirds at most; and what is taller even so scrolls.
const LARGEST_CODE = 24, SMALLEST_CODE = 18, SMALLEST_SCALE = 0.66;

function fitCode(pre) {
  const columns = Math.max(...pre.textContent.split("\n").map((line) => line.length));
  const room = pre.clientWidth - 32;
  const size = room / (columns * 0.602);
  pre.style.fontSize = `${Math.max(SMALLEST_CODE, Math.min(LARGEST_CODE, size))}px`;
}

function fit(slide) {
  const parts = [...slide.children].filter((part) => !part.matches("aside"));
  const scale = (size) => parts.forEach((part) => { part.style.zoom = size; });
  scale(1);
  slide.querySelectorAll("pre").forEach(fitCode);
  for (let size = 1; size > SMALLEST_SCALE && slide.scrollHeight > slide.clientHeight; size -= 0.02) {
    scale(size);
  }
  if (slide.scrollHeight > slide.clientHeight) slide.tabIndex = 0;  // arrows scroll it
  else slide.removeAttribute("tabindex");
}

Reveal.initialize({
  width: 1280, height: 720, margin: 0.02, center: false, hash: true, slideNumber: "c/t",
  transition: "none", plugins: [RevealNotes],
});
Reveal.on("ready", (event) => fit(event.currentSlide));
Reveal.on("slidechanged", (event) => fit(event.currentSlide));
Reveal.on("pdf-ready", () => document.querySelectorAll(".pdf-page > section").forEach(fit));
document.addEventListener("toggle", () => fit(Reveal.getCurrentSlide()), true);
