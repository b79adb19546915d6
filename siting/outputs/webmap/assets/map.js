"use strict";
// Draws the layers of a plan on a Leaflet map. Texts reach the page through textContent only.
function sitingAtlas(map, data) {
  const words = data.words;
  const style = data.style;
  const number = (value, digits) =>
    new Intl.NumberFormat(data.language, {
      minimumFractionDigits: digits, maximumFractionDigits: digits,
    }).format(value);
  const hiddenKinds = new Set();
  const circles = { new: [], existing: [], candidates: [] };
  const groups = {};

  function element(tag, className, text) {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (text !== undefined && text !== null) node.textContent = text;
    return node;
  }

  function pane(name, zIndex) {
    map.createPane(name).style.zIndex = zIndex;
    map.getPane(name).style.pointerEvents = "none";
    return L.canvas({ pane: name, padding: 0.3 });
  }
  const canvas = {
    land: pane("land", 210), landscape: pane("landscape", 220), roads: pane("roads", 230),
  };
  map.createPane("names").style.zIndex = 450;
  map.getPane("names").style.pointerEvents = "none";

  // ---- facts -------------------------------------------------------------------------
  function fact(table, row, [label, column, digits, unit]) {
    const value = table[column][row];
    const list = data.lookups[column];
    if (value === null) return [label, words.none, true];
    if (list) return [label, list[value], false];
    if (typeof value === "number") {
      return [label, number(value, digits) + (unit ? "\u00a0" + unit : ""), false];
    }
    return [label, value, false];
  }

  function facts(table, row, spec, subtitle) {
    const box = element("div", "facts");
    box.append(element("h3", "", table.name[row] ?? words.unnamed));
    box.append(element("p", "", subtitle));
    const list = element("dl");
    for (const entry of spec) {
      const [label, text, missing] = fact(table, row, entry);
      if (missing && entry[4]) continue;
      list.append(element("dt", "", label), element("dd", missing ? "missing" : "", text));
    }
    box.append(list);
    return box;
  }

  function place(table, row) {
    return data.lookups.kind[table.kind[row]] + " · " + (data.lookups.zone[table.zone[row]] ?? "");
  }

  function withFacts(group, spec, subtitle, tip) {
    const options = { maxWidth: 300, minWidth: 210, autoPanPadding: [24, 24] };
    group.bindPopup((shape) => facts(shape.table, shape.row, spec, subtitle(shape)), options);
    if (tip) group.bindTooltip((shape) => element("span", "", tip(shape)), { direction: "top" });
    return group;
  }

  // ---- points ------------------------------------------------------------------------
  function zoomFactor() {
    return Math.max(0.5, Math.min(1.9, Math.pow(1.26, map.getZoom() - 12.5)));
  }
  function radius(chargers) {
    return Math.max(2.2, (2 + 0.82 * Math.sqrt(chargers)) * zoomFactor());
  }
  function candidateRadius() {
    return Math.max(1.3, 1.9 * zoomFactor());
  }
  function circle(table, row, options) {
    const dot = L.circleMarker([table.lat[row], table.lon[row]], {
      bubblingMouseEvents: false, ...options,
    });
    return Object.assign(dot, { table, row, kind: table.kind[row] });
  }

  function stationLayer(key, isNew) {
    const table = data.stations;
    const group = L.featureGroup();
    const order = table.new.map((_, row) => row).filter((row) => Boolean(table.new[row]) === isNew);
    order.sort((a, b) => table.chargers[b] - table.chargers[a]); // small ones stay on top
    for (const row of order) {
      const colour = style.kinds[table.kind[row]];
      const look = isNew
        ? { color: style.paper, weight: 0.8, fillColor: colour, fillOpacity: 0.92 }
        : { color: colour, weight: 2.4, fillColor: style.paper, fillOpacity: 0.95 };
      circles[key].push(circle(table, row, { ...look, radius: radius(table.chargers[row]) }));
    }
    circles[key].forEach((dot) => group.addLayer(dot));
    const tip = (dot) =>
      (table.name[dot.row] ?? words.unnamed) + " · " + number(table.chargers[dot.row], 0) +
      " " + words.chargers;
    return withFacts(group, data.facts.stations, (dot) => place(table, dot.row), tip);
  }

  // thousands of circles that most readers never ask for: made when the layer is first shown
  function candidateLayer() {
    const group = L.featureGroup();
    group.on("add", () => { if (!circles.candidates.length) fillCandidates(group); });
    return withFacts(group, data.facts.candidates, (dot) => place(data.candidates, dot.row));
  }
  function fillCandidates(group) {
    const table = data.candidates;
    for (let row = 0; row < table.lat.length; row += 1) {
      circles.candidates.push(circle(table, row, {
        color: style.kinds[table.kind[row]], weight: 0, stroke: false,
        fillColor: style.kinds[table.kind[row]], fillOpacity: 0.55, radius: candidateRadius(),
      }));
    }
    circles.candidates.filter((dot) => !hiddenKinds.has(dot.kind))
      .forEach((dot) => group.addLayer(dot));
  }

  function facilityIcon(drawing) {
    const icon = element("div");
    icon.innerHTML = drawing; // one of our own drawings
    return L.divIcon({ html: icon, className: "swap", iconSize: [22, 22] });
  }

  // stations that stand for themselves, one drawing each: battery swap, hydrogen
  function facilityLayer(table, facts, word, drawingOf) {
    const group = L.featureGroup();
    for (let row = 0; row < table.lat.length; row += 1) {
      const name = table.name[row] ?? words.unnamed;
      const mark = L.marker([table.lat[row], table.lon[row]], {
        icon: facilityIcon(drawingOf(row)), alt: word + " " + name,
      });
      group.addLayer(Object.assign(mark, { table, row }));
    }
    return withFacts(group, facts, (mark) => word + " · " + place(table, mark.row),
      (mark) => word + " · " + (table.name[mark.row] ?? words.unnamed));
  }
  const swapLayer = () => facilityLayer(data.swaps, data.facts.swaps, words.swap,
    (row) => (data.swaps.new[row] ? style.swapNew : style.swapExisting));
  const hydrogenLayer = () => facilityLayer(data.hydrogen, data.facts.hydrogen, words.hydrogen,
    () => style.hydrogen);

  // ---- lines and areas ---------------------------------------------------------------
  const rings = (areas) => L.GeoJSON.coordsToLatLngs(areas, 2);
  const lines = (strokes) => L.GeoJSON.coordsToLatLngs(strokes, 1);

  function land() {
    const group = L.layerGroup();
    const outline = rings(data.outline);
    const base = { renderer: canvas.land, interactive: false };
    group.addLayer(L.polygon(outline, { ...base, color: style.halo, weight: 9, fill: false }));
    group.addLayer(L.polygon(outline, {
      ...base, color: style.outline, weight: 1.6, fill: style.land !== null,
      fillColor: style.land ?? undefined, fillOpacity: 1,
    }));
    return group;
  }

  function zoneLayer() {
    const table = data.zones;
    const group = L.featureGroup();
    table.shape.forEach((areas, row) => {
      const area = L.polygon(rings(areas), {
        stroke: false, fillColor: style.zone, fillOpacity: 0,
      });
      group.addLayer(Object.assign(area, { table, row }));
    });
    group.addLayer(L.polyline(lines(data.borders), {
      interactive: false, color: style.zone, weight: 0.9, dashArray: "5 3",
    }));
    return withFacts(group, data.facts.zones, (area) => data.lookups.zone_kind[table.kind[area.row]]);
  }

  const widths = []; // lines that grow with the zoom, and their width at zoom 12
  function landscapeLayer() {
    const group = L.layerGroup();
    for (const part of data.landscape) {
      const look = { renderer: canvas.landscape, interactive: false, color: part.colour };
      if (part.areas.length) {
        group.addLayer(L.polygon(rings(part.areas), {
          ...look, weight: 0.6, fillColor: part.colour, fillOpacity: 1, smoothFactor: 1,
        }));
      }
      if (part.lines.length) {
        const line = L.polyline(lines(part.lines), { ...look, lineCap: "butt" });
        widths.push([line, part.width, false]);
        group.addLayer(line);
      }
    }
    return group;
  }

  function roadLayer() {
    const group = L.layerGroup();
    for (const casing of [true, false]) {
      for (const road of data.roads) {
        if (casing && !road.casing) continue;
        const line = L.polyline(lines(road.lines), {
          renderer: canvas.roads, interactive: false, smoothFactor: 1.2, lineCap: "round",
          color: casing ? road.casing : road.colour,
        });
        widths.push([line, road.width, casing]);
        group.addLayer(line);
      }
    }
    return group;
  }
  function lineWidths() {
    const factor = Math.max(0.55, Math.min(4.5, Math.pow(1.45, map.getZoom() - 12)));
    for (const [line, width, casing] of widths) {
      line.setStyle({ weight: width * factor + (casing ? 1.6 : 0) });
    }
  }

  // ---- names, none over another --------------------------------------------------------
  const names = L.layerGroup();
  function textWidth(text, size) {
    let width = 0;
    for (const letter of text) width += letter.charCodeAt(0) > 0x2e7f ? size : size * 0.58;
    return width;
  }
  function fits(box, taken) {
    return taken.every((other) => box[2] < other[0] || box[0] > other[2] ||
      box[3] < other[1] || box[1] > other[3]);
  }
  // what stands on the map already: controls, swap stations, the title card
  function standingBoxes() {
    const frame = map.getContainer().getBoundingClientRect();
    const standing = document.querySelectorAll(".leaflet-control, .swap svg, .closed .panel");
    return Array.from(standing).map((thing) => {
      const box = thing.getBoundingClientRect();
      return [box.left - frame.left, box.top - frame.top,
        box.right - frame.left, box.bottom - frame.top];
    });
  }
  function dotBoxes() {
    const shown = [...circles.new, ...circles.existing].filter((dot) => map.hasLayer(dot));
    return shown.map((dot) => {
      const at = map.latLngToContainerPoint(dot.getLatLng());
      const reach = dot.getRadius();
      return [at.x - reach, at.y - reach, at.x + reach, at.y + reach];
    });
  }
  function stationNames() {
    if (map.getZoom() < data.stationNamesFrom) return [];
    const shown = [...circles.new, ...circles.existing].filter((dot) => map.hasLayer(dot));
    return shown.filter((dot) => dot.table.name[dot.row] !== null).map((dot) => ({
      lat: dot.getLatLng().lat, lon: dot.getLatLng().lng, text: dot.table.name[dot.row],
      look: "station", size: 11.5, aside: dot.getRadius() + 3, from: 0, to: 30,
    }));
  }
  function placeNames() {
    names.clearLayers();
    if (!map.hasLayer(names)) return;
    const size = map.getSize();
    const zoom = map.getZoom();
    const taken = standingBoxes();
    const dots = dotBoxes(); // zones and road numbers may stand on them, lesser names not
    for (const label of [...data.labels, ...stationNames()]) {
      if (zoom < label.from || zoom > label.to) continue;
      const ofRoad = label.look === "road" || label.look === "shield";
      if (ofRoad && !map.hasLayer(groups.roads)) continue;
      const at = map.latLngToContainerPoint([label.lat, label.lon]);
      const width = textWidth(label.text, label.size) + (label.look === "shield" ? 10 : 4);
      const left = label.aside ? at.x + label.aside : at.x - width / 2;
      const box = [left, at.y - label.size * 0.75, left + width, at.y + label.size * 0.75];
      if (box[0] < 2 || box[1] < 2 || box[2] > size.x - 2 || box[3] > size.y - 2) continue;
      const lesser = label.look === "road" || label.look === "station";
      if (!fits(box, taken) || (lesser && !fits(box, dots))) continue;
      taken.push([box[0] - 3, box[1] - 2, box[2] + 3, box[3] + 2]);
      const text = element("span", "name " + label.look, label.text);
      text.style.width = Math.ceil(width) + "px";
      const icon = L.divIcon({
        html: text, className: "", iconSize: [Math.ceil(width), label.size * 1.5],
        iconAnchor: [label.aside ? -label.aside : width / 2, label.size * 0.75],
      });
      names.addLayer(L.marker([label.lat, label.lon], {
        icon, pane: "names", interactive: false, keyboard: false,
      }));
    }
  }

  // ---- behaviour -----------------------------------------------------------------------
  const makers = {
    new: () => stationLayer("new", true), existing: () => stationLayer("existing", false),
    candidates: candidateLayer, swap: swapLayer, hydrogen: hydrogenLayer, zones: zoneLayer, roads: roadLayer,
    landscape: landscapeLayer, names: () => names,
  };

  function order() {
    groups.zones.bringToBack();
    groups.existing.bringToFront();
    groups.new.bringToFront();
  }

  function resize() {
    for (const key of ["new", "existing"]) {
      circles[key].forEach((dot) => dot.setRadius(radius(dot.table.chargers[dot.row])));
    }
    circles.candidates.forEach((dot) => dot.setRadius(candidateRadius()));
    lineWidths();
    const swapSize = Math.max(0.62, Math.min(1.25, 0.62 + 0.16 * (map.getZoom() - 10)));
    map.getContainer().style.setProperty("--swap", swapSize);
    document.querySelectorAll("[data-chargers]").forEach((dot) => {
      dot.setAttribute("r", radius(Number(dot.dataset.chargers)));
    });
  }

  function filterKinds() {
    for (const key of Object.keys(circles)) {
      for (const dot of circles[key]) {
        const wanted = !hiddenKinds.has(dot.kind);
        if (wanted !== groups[key].hasLayer(dot)) {
          if (wanted) groups[key].addLayer(dot);
          else groups[key].removeLayer(dot);
        }
      }
    }
    order();
    placeNames();
  }

  function listen() {
    document.querySelectorAll("[data-kind]").forEach((button) => {
      const kind = Number(button.dataset.kind);
      button.addEventListener("click", () => {
        if (!hiddenKinds.delete(kind)) hiddenKinds.add(kind);
        button.setAttribute("aria-pressed", String(!hiddenKinds.has(kind)));
        filterKinds();
      });
    });
    const toggle = document.getElementById("toggle");
    toggle.addEventListener("click", () => {
      const closed = document.body.classList.toggle("closed");
      toggle.setAttribute("aria-expanded", String(!closed));
      map.invalidateSize({ pan: false });
    });
    map.on("zoomend", resize);
    map.on("moveend resize overlayadd overlayremove", placeNames);
    map.on("overlayadd", order);
    map.on("popupopen", (event) => {
      Object.values(groups).forEach((group) => group.closeTooltip?.());
      event.popup.getElement().querySelector(".leaflet-popup-close-button")
        ?.setAttribute("aria-label", words.close);
    });
    window.addEventListener("hashchange", goToHash);
  }

  function wholeArea() {
    map.fitBounds(data.bounds, { padding: [18, 18], animate: false });
  }
  // #15/29.7196/106.6301 opens the map at a zoom and a place
  function goToHash() {
    const parts = location.hash.slice(1).split("/").map(Number);
    if (parts.length !== 3 || parts.some(Number.isNaN)) return false;
    map.setView([parts[1], parts[2]], parts[0], { animate: false });
    return true;
  }

  function controls() {
    L.control.attribution({ prefix: "Leaflet" }).addAttribution(data.attribution).addTo(map);
    const home = L.control({ position: "bottomright" });
    home.onAdd = () => {
      const bar = element("div", "leaflet-bar");
      const button = element("a", "home", "⤢");
      button.href = "#";
      button.title = words.whole;
      button.setAttribute("role", "button");
      button.setAttribute("aria-label", words.whole);
      L.DomEvent.on(button, "click", (event) => { L.DomEvent.stop(event); wholeArea(); });
      bar.append(button);
      return bar;
    };
    home.addTo(map);
    L.control.zoom({
      position: "bottomright", zoomInTitle: words.zoomIn, zoomOutTitle: words.zoomOut,
    }).addTo(map);
    L.control.scale({ imperial: false, maxWidth: 130 }).addTo(map);
  }

  // tiles that do not come, as behind a closed network: draw our own roads and water, say so
  function withoutTiles() {
    const notice = L.control({ position: "bottomleft" });
    notice.onAdd = () => element("div", "notice", words.noTiles);
    const once = () => {
      if (notice.getContainer()) return;
      notice.addTo(map);
      map.addLayer(groups.roads).addLayer(groups.landscape);
      order();
    };
    map.eachLayer((layer) => { if (layer instanceof L.TileLayer) layer.once("tileerror", once); });
  }

  function start() {
    const container = map.getContainer();
    container.setAttribute("role", "region");
    container.setAttribute("aria-label", words.map);
    if (window.matchMedia("(max-width: 760px)").matches) {
      document.body.classList.add("closed");
      document.getElementById("toggle").setAttribute("aria-expanded", "false");
      map.invalidateSize({ pan: false });
    }
    controls();
    wholeArea();
    map.setMinZoom(Math.max(3, Math.floor(map.getZoom()) - 1));
    map.setMaxBounds(L.latLngBounds(data.bounds).pad(0.6));
    goToHash();
    resize();
    order();
    listen();
    withoutTiles();
    placeNames();
    requestAnimationFrame(() => requestAnimationFrame(() => {
      document.documentElement.dataset.drawnMs = Math.round(performance.now());
    }));
  }

  return {
    land: land().addTo(map),
    layer: (key) => { groups[key] = makers[key](); return groups[key]; },
    start,
  };
}
