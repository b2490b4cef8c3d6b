// Package web holds the browser's page, the last stop of the road: the API tells, the browser shows. In goes the folder
// dist, which `npm run build` makes from src; out comes a file system for the centre to serve. Only cmd may import it.
package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Dist is the built page: index.html and its assets at the root. In a checkout whose page was not built it holds
// nothing but placeholder.html, which says so.
func Dist() fs.FS {
	sub, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // the name is a constant that the compiler has embedded
	}
	return sub
}
