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
  const circles = { new: [], existing: [], candidates: [], stopped: [] };
  const groups = {};
  const shapes = { stations: [], swaps: [], hydrogen: [], candidates: [], stopped: [], zones: [] };
  // what other parts of the page ask before a place is shown, and before a popup is filled
  const filters = [];
  const extraFacts = [];

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
    coverage: pane("coverage", 240),
  };
  map.createPane("names").style.zIndex = 450;
  map.getPane("names").style.pointerEvents = "none";

  // ---- facts -------------------------------------------------------------------------
  function fact(table, row, [label, column, digits, unit]) {
    const value = table[column]?.[row] ?? null;
    const list = data.lookups[column];
    if (value === null) return [label, words.none, true];
    if (list) return [label, list[value], false];
    if (typeof value === "number") {
      return [label, number(value, digits) + (unit ? "\u00a0" + unit : ""), false];
    }
    return [label, value, false];
  }

  function facts(shape, spec, subtitle) {
    const { table, row } = shape;
    const box = element("div", "facts");
    box.append(element("h3", "", table.name[row] ?? words.unnamed));
    box.append(element("p", "", subtitle));
    const list = element("dl");
    for (const [label, text] of extraFacts.map((of) => of(shape)).filter(Boolean)) {
      list.append(element("dt", "", label), element("dd", "", text));
    }
    for (const entry of spec) {
      const [label, text, missing] = fact(table, row, entry);
      if (missing && entry[4]) continue;
      list.append(element("dt", "", label), element("dd", missing ? "missing" : "", text));
    }
    if (shape.getLatLng) list.append(element("dt", "", words.lonlat), element("dd", "", lonlat(shape)));
    box.append(list);
    const near = alsoHere(shape);
    if (near.length) box.append(element("p", "also", words.also), ...near.map(toShape));
    return box;
  }

  // in WGS-84 whatever the map is drawn in
  function lonlat({ table, row }) {
    const lon = (table.true_lon ?? table.lon)[row];
    return lon.toFixed(5) + ", " + (table.true_lat ?? table.lat)[row].toFixed(5);
  }

  // places that lie under the one that was pressed, so that none is out of reach
  function alsoHere(shape) {
    if (!shape.getLatLng) return [];
    const at = map.latLngToContainerPoint(shape.getLatLng());
    const places = ["stations", "swaps", "hydrogen", "candidates", "stopped"];
    return places.flatMap((set) => shapes[set]).filter((other) =>
      other && other !== shape && !isOpenSite(other) && map.hasLayer(other) &&
      map.latLngToContainerPoint(other.getLatLng()).distanceTo(at) < 5).slice(0, 8);
  }
  // a candidate that the plan chose stands there as a station already
  function isOpenSite(shape) {
    return shape.set === "candidates" &&
      data.lookups.chosen[shape.table.chosen[shape.row]] === words.yes;
  }
  function toShape(shape) {
    const name = shape.table.name[shape.row] ?? words.unnamed;
    const button = element("button", "there", groupWord(shape) + name);
    button.type = "button";
    L.DomEvent.on(button, "click", (event) => { L.DomEvent.stop(event); open(shape); });
    return button;
  }
  function groupWord(shape) {
    if (shape.set === "swaps") return words.swap + " · ";
    return shape.set === "hydrogen" ? words.hydrogen + " · " : "";
  }
  function open(shape) {
    map.closePopup();
    shape.fire("click", { latlng: shape.getLatLng ? shape.getLatLng() : middle(shape) }, true);
  }
  function middle(area) {
    const label = data.labels.find((one) => one.zone === area.row);
    return label ? L.latLng(label.lat, label.lon) : area.getBounds().getCenter();
  }

  function place(table, row) {
    return data.lookups.kind[table.kind[row]] + " · " + (data.lookups.zone[table.zone[row]] ?? "");
  }

  function withFacts(group, spec, subtitle, tip) {
    const options = { maxWidth: 310, minWidth: 256, autoPanPadding: [24, 24] };
    group.bindPopup((shape) => facts(shape, spec, subtitle(shape)), options);
    if (tip) {
      group.bindTooltip((shape) => element("span", "", short(tip(shape), 60)), { direction: "top" });
      group.on("click", () => group.closeTooltip()); // Leaflet opens it under the popup
    }
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
  function circle(set, row, options, Shape = L.CircleMarker) {
    const table = data[set];
    const dot = new Shape([table.lat[row], table.lon[row]], {
      bubblingMouseEvents: false, ...options,
    });
    shapes[set][row] = Object.assign(dot, { set, table, row, kind: table.kind[row] });
    return dot;
  }
  // a cross, drawn where Leaflet draws a circle
  const Cross = L.CircleMarker.extend({
    _updatePath() {
      const context = this._renderer._ctx;
      if (!this._renderer._drawing || this._empty()) return;
      const { x, y } = this._point;
      const reach = this._radius;
      context.beginPath();
      context.moveTo(x - reach, y - reach);
      context.lineTo(x + reach, y + reach);
      context.moveTo(x + reach, y - reach);
      context.lineTo(x - reach, y + reach);
      this._renderer._fillStroke(context, this);
    },
  });

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
      circles[key].push(circle("stations", row, { ...look, radius: radius(table.chargers[row]) }));
    }
    circles[key].forEach((dot) => group.addLayer(dot));
    const tip = (dot) =>
      (table.name[dot.row] ?? words.unnamed) + " · " + number(table.chargers[dot.row], 0) +
      " " + words.chargers;
    return withFacts(group, data.facts.stations, (dot) => place(table, dot.row), tip);
  }

  // thousands of circles that most readers never ask for: made when the layer is first shown
  function candidateLayer(key, facts, make) {
    const group = L.featureGroup();
    group.on("add", () => { if (!circles[key].length) fill(key); });
    groups[key] = group;
    return withFacts(group, facts, (dot) => place(data[key], dot.row));
    function fill() {
      data[key].lat.forEach((_, row) => circles[key].push(make(data[key], row)));
      circles[key].filter(wanted).forEach((dot) => group.addLayer(dot));
    }
  }
  function candidate(table, row) {
    const signed = Boolean(table.sign_off[row]);
    return circle("candidates", row, {
      color: "#23262d", weight: 1, stroke: signed, fillColor: style.kinds[table.kind[row]],
      fillOpacity: 0.55, radius: candidateRadius() + (signed ? 0.6 : 0), signed,
    });
  }
  const stopped = (_, row) => circle("stopped", row, {
    color: style.stopped, weight: 2, fill: true, fillOpacity: 0, radius: candidateRadius() + 2,
  }, Cross);

  function facilityIcon(drawing) {
    const icon = element("div");
    icon.innerHTML = drawing; // one of our own drawings
    return L.divIcon({ html: icon, className: "swap", iconSize: [22, 22] });
  }

  // stations that stand for themselves, one drawing each: battery swap, hydrogen
  function facilityLayer(set, word, drawingOf) {
    const group = L.featureGroup();
    const table = data[set];
    for (let row = 0; row < table.lat.length; row += 1) {
      const name = table.name[row] ?? words.unnamed;
      const mark = L.marker([table.lat[row], table.lon[row]], {
        icon: facilityIcon(drawingOf(row)), alt: word + " " + name,
      });
      shapes[set][row] = Object.assign(mark, { set, table, row });
      group.addLayer(mark);
    }
    return withFacts(group, data.facts[set], (mark) => word + " · " + place(table, mark.row),
      (mark) => word + " · " + (table.name[mark.row] ?? words.unnamed));
  }
  const swapLayer = () => facilityLayer("swaps", words.swap,
    (row) => (data.swaps.new[row] ? style.swapNew : style.swapExisting));
  const hydrogenLayer = () => facilityLayer("hydrogen", words.hydrogen,
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
      shapes.zones[row] = Object.assign(area, { set: "zones", table, row });
      group.addLayer(area);
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
    const standing = document.querySelectorAll(
      ".leaflet-control, .swap svg, .closed:not(.printing) .panel");
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
      lat: dot.getLatLng().lat, lon: dot.getLatLng().lng, text: short(dot.table.name[dot.row]),
      look: "station", size: 11.5, aside: dot.getRadius() + 3, from: 0, to: 30,
    }));
  }
  function short(text, most = 24) {
    const letters = Array.from(text.replace(/\s+/g, " "));
    if (letters.every((letter) => letter < "\u2e80")) most *= 1.6; // Latin letters are narrower
    return letters.length > most ? letters.slice(0, Math.floor(most) - 1).join("") + "…" : letters.join("");
  }
  // a township's name moves off the stations where it can, and stays inside its township
  const STEPS = [[0, 0], [0, -1], [0, 1], [0, -2], [0, 2], [-0.5, 0], [0.5, 0], [-0.5, -1],
    [0.5, -1], [-0.5, 1], [0.5, 1], [0, -3], [0, 3], [-0.5, -2], [0.5, -2], [-0.5, 2], [0.5, 2],
    [-1, 0], [1, 0], [-1, -1], [1, -1], [-1, 1], [1, 1], [0, -4], [0, 4], [-0.5, -3],
    [0.5, -3], [-0.5, 3], [0.5, 3], [-1, -2], [1, -2], [-1, 2], [1, 2]];
  function freestBox(label, at, width, taken, dots) {
    let best = null;
    let least = Infinity;
    for (const [across, down] of STEPS) {
      const x = at.x + across * width;
      const y = at.y + down * label.size;
      const box = [x - width / 2, y - label.size * 0.75, x + width / 2, y + label.size * 0.75];
      if ((across || down) && !inside(shapes.zones[label.zone], L.point(x, y))) continue;
      if (!onMap(box) || !fits(box, taken)) continue;
      const covered = dots.reduce((sum, dot) => sum + shared(box, dot), 0);
      if (covered < least) { best = box; least = covered; }
      if (least === 0) break;
    }
    return best;
  }
  function shared(one, other) {
    const wide = Math.min(one[2], other[2]) - Math.max(one[0], other[0]);
    const high = Math.min(one[3], other[3]) - Math.max(one[1], other[1]);
    return wide > 0 && high > 0 ? wide * high : 0;
  }
  function inside(area, point) {
    const { lat, lng } = map.containerPointToLatLng(point);
    let within = false;
    for (const ring of area.getLatLngs().flat()) {
      for (let here = 0, last = ring.length - 1; here < ring.length; last = here, here += 1) {
        const a = ring[here];
        const b = ring[last];
        if (a.lat > lat !== b.lat > lat &&
            lng < a.lng + ((lat - a.lat) / (b.lat - a.lat)) * (b.lng - a.lng)) within = !within;
      }
    }
    return within;
  }
  function onMap(box) {
    const size = map.getSize();
    return box[0] >= 2 && box[1] >= 2 && box[2] <= size.x - 2 && box[3] <= size.y - 2;
  }
  // beside its station a name stands on the right; a number may stand on any side
  function boxesOf(label, at, width) {
    const high = label.size * 0.75;
    const box = (left, middle) => [left, middle - high, left + width, middle + high];
    if (!label.aside) return [box(at.x - width / 2, at.y)];
    const right = box(at.x + label.aside, at.y);
    if (label.look !== "number") return [right];
    const away = label.aside + high - 3;
    return [right, box(at.x - label.aside - width, at.y), box(at.x - width / 2, at.y - away),
      box(at.x - width / 2, at.y + away)];
  }
  // road numbers and waters may stand on stations, lesser names not
  function hasRoom(label, box, taken, dots) {
    const lesser = ["road", "station", "number"].includes(label.look);
    return onMap(box) && fits(box, taken) && !(lesser && !fits(box, dots));
  }
  const moreNames = []; // of other parts of the page, after those of the plan
  function placeNames() {
    names.clearLayers();
    if (!map.hasLayer(names)) return;
    const zoom = map.getZoom();
    const taken = standingBoxes();
    const dots = dotBoxes();
    const wishes = [...data.labels, ...moreNames.flatMap((of) => of()), ...stationNames()];
    for (const label of wishes) {
      if (zoom < label.from || zoom > label.to) continue;
      const ofRoad = label.look === "road" || label.look === "shield";
      if (ofRoad && !map.hasLayer(groups.roads)) continue;
      const at = map.latLngToContainerPoint([label.lat, label.lon]);
      const width = textWidth(label.text, label.size) + (label.look === "shield" ? 10 : 4);
      const box = label.look === "zone"
        ? freestBox(label, at, width, taken, dots)
        : boxesOf(label, at, width).find((one) => hasRoom(label, one, taken, dots));
      if (!box) continue;
      taken.push([box[0] - 3, box[1] - 2, box[2] + 3, box[3] + 2]);
      const text = element("span", "name " + label.look, label.text);
      text.style.width = Math.ceil(width) + "px";
      const icon = L.divIcon({
        html: text, className: "", iconSize: [Math.ceil(width), label.size * 1.5],
        iconAnchor: [at.x - box[0], at.y - box[1]],
      });
      names.addLayer(L.marker([label.lat, label.lon], {
        icon, pane: "names", interactive: false, keyboard: false,
      }));
    }
  }

  // ---- behaviour -----------------------------------------------------------------------
  const makers = {
    new: () => stationLayer("new", true), existing: () => stationLayer("existing", false),
    candidates: () => candidateLayer("candidates", data.facts.candidates, candidate),
    stopped: () => candidateLayer("stopped", data.facts.stopped, stopped),
    swap: swapLayer, hydrogen: hydrogenLayer, zones: zoneLayer, roads: roadLayer,
    landscape: landscapeLayer, names: () => names,
  };
  const layerOf = (shape) => ({ stations: shape.table.new?.[shape.row] ? "new" : "existing",
    swaps: "swap" }[shape.set] ?? shape.set);

  function order() {
    groups.zones.bringToBack();
    groups.existing.bringToFront();
    groups.new.bringToFront();
  }

  function resize() {
    for (const key of ["new", "existing"]) {
      circles[key].forEach((dot) => dot.setRadius(radius(dot.table.chargers[dot.row])));
    }
    circles.candidates.forEach((dot) =>
      dot.setRadius(candidateRadius() + (dot.options.signed ? 0.6 : 0)));
    circles.stopped.forEach((dot) => dot.setRadius(candidateRadius() + 2));
    atlas.resized?.(); //: phases
    lineWidths();
    const swapSize = Math.max(0.62, Math.min(1.25, 0.62 + 0.16 * (map.getZoom() - 10)));
    map.getContainer().style.setProperty("--swap", swapSize);
    document.querySelectorAll("[data-chargers]").forEach((dot) => {
      dot.setAttribute("r", radius(Number(dot.dataset.chargers)));
    });
  }

  function wanted(shape) {
    return !hiddenKinds.has(shape.kind) && filters.every((shows) => shows(shape));
  }
  function filter() {
    const every = [...Object.values(circles), shapes.swaps, shapes.hydrogen].flat();
    for (const shape of every) {
      const group = groups[layerOf(shape)];
      if (wanted(shape) === group.hasLayer(shape)) continue;
      if (wanted(shape)) group.addLayer(shape);
      else group.removeLayer(shape);
    }
    resize();
    order();
    placeNames();
  }
  function showKind(kind, on) {
    if (on) hiddenKinds.delete(kind);
    else hiddenKinds.add(kind);
    document.querySelector(`[data-kind="${kind}"]`)?.setAttribute("aria-pressed", String(on));
  }

  function listen() {
    document.querySelectorAll("[data-kind]").forEach((button) => {
      const kind = Number(button.dataset.kind);
      button.addEventListener("click", () => {
        showKind(kind, hiddenKinds.has(kind));
        filter();
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
  // #15/29.7196/106.6301 opens the map at a zoom and a place, in WGS-84 on any tiles
  function goToHash() {
    const parts = location.hash.slice(1).split("/").map(Number);
    if (parts.length !== 3 || parts.some(Number.isNaN)) return false;
    const [north, east] = data.shift;
    map.setView([parts[1] + north, parts[2] + east], parts[0], { animate: false });
    return true;
  }

  // a popup opens beside the list of layers, or on a narrow map below it
  function besidePopups() {
    const control = document.querySelector(".leaflet-control-layers");
    control.querySelector("a").title = words.layers;
    const list = control.getBoundingClientRect();
    const narrow = map.getSize().x < 600;
    const room = narrow ? { autoPanPaddingTopLeft: [8, list.height + 16] }
      : { autoPanPaddingBottomRight: [list.width + 22, 24] };
    for (const group of Object.values(groups)) Object.assign(group.getPopup?.()?.options ?? {}, room);
  }

  function key(word, className, sign, press) {
    const button = element("a", className, sign);
    button.href = "#";
    button.title = word;
    button.setAttribute("role", "button");
    button.setAttribute("aria-label", word);
    L.DomEvent.on(button, "click", (event) => { L.DomEvent.stop(event); press(); });
    return button;
  }

  function controls() {
    L.control.attribution({ prefix: "Leaflet" }).addAttribution(data.attribution).addTo(map);
    const home = L.control({ position: "bottomright" });
    home.onAdd = () => {
      const bar = element("div", "leaflet-bar");
      bar.append(key(words.print, "print", "", () => atlas.print()),
        key(words.whole, "home", "⤢", wholeArea));
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
    besidePopups();
    for (const part of [sitingViews, sitingSearch, sitingCoverage, sitingPrint]) part(atlas);
    sitingPhases(atlas); //: phases
    withoutTiles();
    placeNames();
    requestAnimationFrame(() => requestAnimationFrame(() => {
      document.documentElement.dataset.drawnMs = Math.round(performance.now());
    }));
  }

  const atlas = {
    map, data, words, style, canvas, element, number, groups, shapes, filters, extraFacts, moreNames,
    rings, short, filter, showKind, wanted, placeNames, layerOf, open, wholeArea, zoomFactor,
    radius, //: phases
  };
  return {
    land: land().addTo(map),
    layer: (name) => { groups[name] = makers[name](); return groups[name]; },
    start,
  };
}
