// Coverage before and after the plan: places of demand in the colour of who reaches them.
function sitingCoverage(atlas) {
  const { map, data, style, canvas, groups } = atlas;
  const spots = document.getElementById("spots");
  const choices = document.querySelectorAll("[name=coverage]");
  const NOT = 2;
  let mode = "";
  let layer = null;

  // with what stands only what stands is drawn; swap coverage leaves charging stations out
  atlas.filters.push((shape) => {
    if (!mode || !["stations", "swaps", "hydrogen"].includes(shape.set)) return true;
    const kind = mode.startsWith("swap") ? "swaps" : "stations";
    if (shape.set !== kind) return false;
    return mode.endsWith("plan") || !shape.table.new[shape.row];
  });

  const stateOf = (row) => {
    const state = data.coverage[mode.split("_")[0]][row];
    return mode.endsWith("now") && state > 0 ? NOT : state;
  };
  function look(row) {
    const state = stateOf(row);
    const colour = style.coverage[state];
    return state === NOT
      ? { color: colour, weight: 1.5, fill: false, opacity: 1 }
      : { color: style.paper, weight: 0.4, fill: true, fillColor: colour, fillOpacity: 0.9 };
  }
  const reach = (row) => (1.6 + 3.2 * data.coverage.size[row]) * Math.max(0.8, atlas.zoomFactor());

  function fill() {
    layer = L.layerGroup();
    data.coverage.lat.forEach((lat, row) => {
      const dot = L.circleMarker([lat, data.coverage.lon[row]], {
        renderer: canvas.coverage, interactive: false,
      });
      layer.addLayer(Object.assign(dot, { row }));
    });
  }
  function draw() {
    layer?.eachLayer((dot) => dot.setStyle({ ...look(dot.row), radius: reach(dot.row) }));
  }

  function choose(wish) {
    mode = wish;
    choices.forEach((choice) => { choice.checked = choice.value === mode; });
    spots.hidden = !mode;
    spots.querySelectorAll("li")[1].hidden = mode.endsWith("now");
    document.body.classList.toggle("covering", Boolean(mode));
    if (mode) {
      if (!layer) fill();
      map.addLayer(layer);
      for (const key of ["new", "existing", "swap"]) map.addLayer(groups[key]);
      draw();
    } else if (layer) {
      map.removeLayer(layer);
    }
    atlas.filter();
  }

  choices.forEach((choice) => {
    choice.checked = !choice.value;
    choice.addEventListener("change", () => choose(choice.value));
  });
  map.on("zoomend", () => { if (mode) draw(); });
  atlas.noCoverage = () => { if (mode) choose(""); };
}
