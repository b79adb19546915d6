// Phases: what stands at the end of a year, in the colour of the year each station opens in.
function sitingPhases(atlas) {
  const { map, data, words, style, element, number, groups, shapes } = atlas;
  const { ends, colours, standing, swaps, chargers } = data.phases;
  const choices = document.querySelectorAll("[name=phase]");
  const buttons = document.querySelectorAll("[data-opens]");
  const hidden = new Set(); // years of opening that are pressed away
  let end = null; // none: the whole plan, in the colours of its kinds
  // on the map too, for on a phone and on paper the panel may be out of sight
  const said = element("div", "notice year");
  said.setAttribute("role", "status");
  const notice = L.control({ position: "bottomleft" });
  notice.onAdd = () => said;

  const opens = (shape) => shape.table.opens[shape.row]; // -1: it stands today
  atlas.filters.push((shape) => {
    if (!["stations", "swaps"].includes(shape.set)) return true;
    return !hidden.has(opens(shape)) && (end === null || opens(shape) <= end);
  });
  atlas.resized = () => {
    if (end === null) return;
    shapes.stations.forEach((dot) => dot.setRadius(atlas.radius(chargers[end][dot.row])));
  };
  for (const key of ["new", "existing"]) {
    const tip = groups[key].getTooltip().getContent();
    groups[key].setTooltipContent((dot) => (end === null ? tip(dot) : tipOfYear(dot)));
  }
  function tipOfYear(dot) {
    const name = atlas.short(dot.table.name[dot.row] ?? words.unnamed, 60);
    const count = number(chargers[end][dot.row], 0) + " " + words.chargers;
    return element("span", "", [name, count, ends[end]].join(" · "));
  }

  function paint() {
    shapes.stations.forEach((dot) => {
      const colour = end === null ? style.kinds[dot.kind] : colours[opens(dot)] ?? standing;
      dot.setStyle(opens(dot) < 0 ? { color: colour } : { fillColor: colour });
    });
    shapes.swaps.filter((mark) => opens(mark) >= 0).forEach((mark) => {
      // the drawing is one of our own
      mark.options.icon.options.html.innerHTML = end === null ? style.swapNew : swaps[opens(mark)];
    });
  }
  function choose(wish) {
    end = wish === "" ? null : Number(wish);
    choices.forEach((choice) => { choice.checked = choice.value === wish; });
    document.body.classList.toggle("phasing", end !== null);
    for (const key of ["new", "existing", "swap"]) map.addLayer(groups[key]);
    said.textContent = end === null ? "" : ends[end];
    if (end === null) notice.remove();
    else notice.addTo(map);
    paint();
    atlas.filter();
  }
  function press(button) {
    const year = Number(button.dataset.opens);
    if (!hidden.delete(year)) hidden.add(year);
    button.setAttribute("aria-pressed", String(!hidden.has(year)));
    atlas.filter();
  }

  choices.forEach((choice) => {
    choice.checked = !choice.value; // a browser may remember another choice, the map does not
    choice.addEventListener("change", () => choose(choice.value));
  });
  buttons.forEach((button) => button.addEventListener("click", () => press(button)));
  // a place that is searched for is shown, whatever year hides it
  const wholePlan = atlas.wholePlan;
  atlas.wholePlan = () => {
    hidden.clear();
    buttons.forEach((button) => button.setAttribute("aria-pressed", "true"));
    if (end !== null) choose("");
    wholePlan();
  };
}
