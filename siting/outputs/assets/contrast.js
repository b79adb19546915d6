/* Draws plans side by side. Texts go into the page as text, never as markup. */
function sitingContrast(map, data) {
  "use strict";
  var turn = function (path) { return path.map(function (p) { return [p[1], p[0]]; }); };
  var ground = L.layerGroup().addTo(map);
  data.outline.forEach(function (rings) {
    L.polygon(rings.map(turn), { color: data.style.outline, weight: 2, fillColor: data.style.land,
      fillOpacity: 1, interactive: false }).addTo(ground);
  });
  data.roads.forEach(function (road) {
    L.polyline(road.lines.map(turn), { color: road.colour, weight: road.width, interactive: false })
      .addTo(ground);
  });
  L.polyline(data.zones.map(turn), { color: data.style.zone, weight: 1, dashArray: "4 3",
    interactive: false }).addTo(ground);

  function dot(lat, lon, text, look) {
    var mark = L.circleMarker([lat, lon], look);
    mark.bindPopup(function () {
      var box = document.createElement("div");
      box.textContent = text;
      return box;
    });
    return mark;
  }

  function plan(at) {
    var drawn = data.plans[at], layer = L.layerGroup();
    drawn.stations.lon.forEach(function (lon, i) {
      dot(drawn.stations.lat[i], lon, drawn.stations.text[i], { color: drawn.colour, weight: 1.5,
        radius: 2.5 + Math.sqrt(drawn.stations.size[i]) / 1.6 + at, fillOpacity: 0.12 })
        .addTo(layer);
    });
    drawn.swaps.lon.forEach(function (lon, i) {
      dot(drawn.swaps.lat[i], lon, drawn.swaps.text[i], { color: drawn.colour, weight: 3.5,
        radius: 6 + 2 * at, fill: false, dashArray: "3 3" }).addTo(layer);
    });
    return layer;
  }

  function changes(at) {
    var layer = L.layerGroup();
    data.changes[at].forEach(function (part) {
      part.lon.forEach(function (lon, i) {
        var ring = part.change === "dropped";
        dot(part.lat[i], lon, part.text[i], { color: part.colour, radius: part.swap[i] ? 8 : 5,
          weight: ring || part.swap[i] ? 2.5 : 1, fill: true, fillOpacity: ring ? 0.05 : 0.75 })
          .addTo(layer);
      });
    });
    return layer;
  }

  return {
    layer: function (key) {
      var parts = key.split(" "), at = Number(parts[1]);
      return parts[0] === "plan" ? plan(at) : changes(at);
    },
    start: function () { map.fitBounds(data.bounds); }
  };
}
