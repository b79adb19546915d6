// Search by name or id: goes to the place, whatever hides it, and opens what it tells.
function sitingSearch(atlas) {
  const { map, data, words, element, number, groups, shapes } = atlas;
  const SHOWN = 12;
  const CLOSE = 16;
  const input = document.getElementById("find");
  const list = document.getElementById("hits");
  const said = document.getElementById("said");
  let index = null;
  let hits = [];
  let at = -1;

  const plain = (text) => text.normalize("NFKC").toLowerCase().replace(/\s+/g, " ").trim();
  const SETS = ["zones", "stations", "swaps", "hydrogen", "candidates", "stopped"];

  function sub(set, row) {
    const table = data[set];
    if (set === "zones") return data.lookups.zone_kind[table.kind[row]];
    const kind = data.lookups.kind[table.kind[row]];
    return { swaps: words.swap, hydrogen: words.hydrogen }[set] ?? kind;
  }
  // the name of a candidate that became a station would stand there twice
  const isOpen = (set, row) => set === "candidates" &&
    data.lookups.chosen[data.candidates.chosen[row]] === words.yes;

  function build() {
    index = [];
    for (const set of SETS.filter((one) => data[one])) {
      const table = data[set];
      table.name.forEach((name, row) => {
        if (isOpen(set, row)) return;
        const id = table.site_id ? table.site_id[row] : "";
        index.push({
          set, row, name, id, text: plain([name, id, table.alias?.[row]].join(" ")),
          nameText: plain(name ?? ""), idText: plain(id),
        });
      });
    }
  }
  function rank(entry, asked) {
    if (entry.idText === asked || entry.nameText === asked) return 0;
    return entry.nameText.startsWith(asked) ? 1 : 2;
  }

  function search() {
    if (!index) build();
    const asked = plain(input.value);
    hits = asked ? index.filter((entry) => entry.text.includes(asked)) : [];
    hits = hits.map((entry) => [rank(entry, asked), entry]).sort((a, b) => a[0] - b[0])
      .map(([, entry]) => entry);
    at = -1;
    draw(asked);
  }

  function draw(asked) {
    list.replaceChildren();
    hits.slice(0, SHOWN).forEach((entry, place) => {
      const line = element("li", "", atlas.short(entry.name ?? words.unnamed, 60));
      line.id = "hit-" + place;
      line.setAttribute("role", "option");
      line.setAttribute("aria-selected", "false");
      line.append(element("small", "", [sub(entry.set, entry.row), entry.id].filter(Boolean).join(" · ")));
      line.addEventListener("mousedown", (event) => { event.preventDefault(); });
      line.addEventListener("click", () => go(entry));
      list.append(line);
    });
    const count = number(hits.length, 0);
    if (hits.length > SHOWN) {
      list.append(element("li", "more", words.more.replace("{count}", number(hits.length - SHOWN, 0))));
    }
    if (asked && !hits.length) list.append(element("li", "more", words.nothing));
    for (const note of list.querySelectorAll(".more")) note.setAttribute("role", "presentation");
    show(Boolean(asked));
    said.textContent = !asked ? "" : hits.length ? words.found.replace("{count}", count) : words.nothing;
  }

  function show(on) {
    list.hidden = !on;
    input.setAttribute("aria-expanded", String(on));
    if (!on) input.removeAttribute("aria-activedescendant");
  }

  function mark(place) {
    const lines = list.querySelectorAll("[role=option]");
    if (!lines.length) return;
    at = (place + lines.length) % lines.length;
    lines.forEach((line, row) => line.setAttribute("aria-selected", String(row === at)));
    input.setAttribute("aria-activedescendant", lines[at].id);
    lines[at].scrollIntoView({ block: "nearest" });
  }

  // the layer, the kind and the view may each hide it
  function reveal(entry) {
    const layer = entry.set === "stations"
      ? (data.stations.new[entry.row] ? "new" : "existing")
      : { swaps: "swap" }[entry.set] ?? entry.set;
    map.addLayer(groups[layer]);
    const shape = shapes[entry.set][entry.row];
    if (atlas.wanted(shape)) return shape;
    if (shape.kind !== undefined) atlas.showKind(shape.kind, true);
    if (!atlas.wanted(shape)) atlas.wholePlan();
    if (!atlas.wanted(shape)) atlas.noCoverage();
    atlas.filter();
    return shape;
  }

  function go(entry) {
    const name = entry.name ?? words.unnamed;
    input.value = atlas.short(name, 60);
    show(false);
    const shape = reveal(entry);
    if (shape.getLatLng) {
      map.setView(shape.getLatLng(), Math.max(map.getZoom(), CLOSE), { animate: false });
    } else {
      map.fitBounds(shape.getBounds(), { padding: [24, 24], animate: false });
    }
    atlas.open(shape);
    if (window.matchMedia("(pointer: coarse)").matches) input.blur(); // folds the phone's keyboard
    said.textContent = words.went.replace("{name}", () => name);
  }

  input.addEventListener("input", search);
  input.addEventListener("focus", () => { if (input.value) search(); });
  input.addEventListener("blur", () => show(false));
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return; // an input method is still choosing a character
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) search();
      const first = at < 0 && event.key === "ArrowUp" ? 0 : at;
      mark(first + (event.key === "ArrowDown" ? 1 : -1));
    } else if (event.key === "Enter") {
      event.preventDefault();
      const entry = hits[Math.max(at, 0)];
      if (!list.hidden && entry) go(entry);
    } else if (event.key === "Escape") {
      if (list.hidden) map.closePopup();
      show(false);
    }
  });
}
