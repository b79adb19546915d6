// The selector: shows what the handout of one body shows, in the numbers of that handout.
function sitingViews(atlas) {
  const { map, data, words, element, number, shapes } = atlas;
  const select = document.getElementById("views");
  const section = document.getElementById("view");
  let view = null; // none: the whole plan
  let numbers = {};
  let edge = null;

  const numberOf = (shape) => numbers[shape.set]?.get(shape.row);
  atlas.filters.push((shape) => {
    if (!view || ["candidates", "stopped"].includes(shape.set)) return true;
    return numberOf(shape) !== undefined;
  });
  atlas.extraFacts.push((shape) => {
    const own = view && numberOf(shape);
    return own ? [words.number, own] : null;
  });
  // the numbers beside the circles, as many as there is room for
  atlas.moreNames.push(() => {
    if (!view) return [];
    const places = [...shapes.swaps, ...shapes.stations];
    return places.filter((one) => numberOf(one) && map.hasLayer(one)).map((one) => ({
      lat: one.getLatLng().lat, lon: one.getLatLng().lng, text: numberOf(one), look: "number",
      size: 11, aside: one.getRadius ? one.getRadius() + 1 : 14, from: 0, to: 30,
    }));
  });

  const counted = (rows, prefix) => new Map(rows.map((row, at) => [row, prefix + (at + 1)]));

  function choose(at) {
    map.closePopup();
    select.value = String(at);
    view = at === 0 ? null : data.views[at];
    numbers = view ? { stations: counted(view.sites, ""), swaps: counted(view.swaps, "S") } : {};
    document.body.classList.toggle("viewing", Boolean(view));
    tell();
    countKinds();
    edge?.remove();
    edge = null;
    if (view && view.zone !== null) {
      edge = L.polygon(atlas.rings(data.zones.shape[view.zone]), {
        fill: false, color: "#23262d", weight: 2.4, interactive: false,
      }).addTo(map);
    }
    atlas.filter();
    if (edge) map.fitBounds(edge.getBounds(), { padding: [24, 24], animate: false });
    else atlas.wholeArea();
  }

  function tell() {
    section.hidden = !view;
    section.replaceChildren();
    if (!view) return;
    section.append(element("h2", "", view.title));
    if (view.question) section.append(element("p", "status", view.question));
    const table = element("table", "compared");
    const head = table.createTHead().insertRow();
    for (const text of ["", words.here, words.plan]) head.append(element(text ? "th" : "td", "", text));
    const body = table.createTBody();
    for (const [label, own, whole] of view.totals) {
      const row = body.insertRow();
      row.append(element("th", "", label), element("td", "", number(own, 0)),
        element("td", "", number(whole, 0)));
    }
    section.append(table, ...view.lines.map((line) => element("p", "small", line)));
  }

  // the legend counts what is shown
  function countKinds() {
    const rows = view ? view.sites : data.stations.kind.map((_, row) => row);
    const counts = new Map();
    rows.forEach((row) => {
      const kind = data.stations.kind[row];
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
    });
    document.querySelectorAll("[data-kind]").forEach((button) => {
      const count = counts.get(Number(button.dataset.kind)) ?? 0;
      button.querySelector("b").textContent = number(count, 0);
      button.classList.toggle("empty", count === 0);
    });
  }

  select.value = "0"; // a browser may remember another choice, the map does not
  select.addEventListener("change", () => choose(Number(select.value)));
  atlas.wholePlan = () => { if (view) choose(0); };
  countKinds();
}
