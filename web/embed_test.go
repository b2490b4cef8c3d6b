package web

import (
	"io/fs"
	"strings"
	"testing"
)

func TestDistAlwaysHasThePlaceholder(t *testing.T) {
	b, err := fs.ReadFile(Dist(), "placeholder.html")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(b), "make build") {
		t.Error("the placeholder does not say how to build the page")
	}
}
