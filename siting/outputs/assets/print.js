// A clean page for paper: title, mark, map, legend; whatever the map shows stays in sight.
function sitingPrint(atlas) {
  const { map } = atlas;
  let before = null;

  function lay() {
    if (before) return;
    before = { bounds: map.getBounds(), centre: map.getCenter(), zoom: map.getZoom(),
      retina: L.Browser.retina };
    map.closePopup();
    L.Browser.retina = true; // canvases at twice the pixels, for paper
    document.body.classList.add("printing");
    map.invalidateSize({ pan: false, animate: false });
    map.fitBounds(shown(before.bounds), { animate: false });
    atlas.placeNames();
  }
  // of what is in sight the part that lies on the plan, to fill the paper
  function shown(view) {
    const [[south, west], [north, east]] = atlas.data.bounds;
    if (!view.intersects([[south, west], [north, east]])) return view;
    return L.latLngBounds(
      [Math.max(view.getSouth(), south), Math.max(view.getWest(), west)],
      [Math.min(view.getNorth(), north), Math.min(view.getEast(), east)]);
  }
  function back() {
    if (!before) return;
    L.Browser.retina = before.retina;
    document.body.classList.remove("printing");
    map.invalidateSize({ pan: false, animate: false });
    map.setView(before.centre, before.zoom, { animate: false });
    before = null;
    atlas.placeNames();
  }

  window.addEventListener("beforeprint", lay);
  window.addEventListener("afterprint", back);
  window.matchMedia("print").addEventListener("change", (event) => (event.matches ? lay() : back()));
  atlas.print = () => window.print();
}
