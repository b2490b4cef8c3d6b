// Package central is what the centre does between bus and store: intake stores what nodes send and answers them, the
// registry knows what there is to watch and tells each node its part, live keeps the newest heartbeats and notices silent
// nodes, nodes enrols them, media takes their pictures. In go records, heartbeats and pictures from the bus and from
// HTTPS; out go stored facts, and the channels by which the API learns of them. It imports models and declares the parts
// of store and bus that it needs; internal/centralapp wires it.
package central
