package ort

import (
	"bytes"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/counterwatch/counterwatch/models"
)

// field appends one length-delimited field.
func field(to []byte, num protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(to, num, protowire.BytesType), v)
}

// value is a ValueInfoProto of a float tensor of a fixed shape.
func value(name string, dims ...uint64) []byte {
	var shape []byte
	for _, d := range dims {
		shape = field(shape, shapeDimension, protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), d))
	}
	tensor := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), 1)
	return field(field(nil, valueName, []byte(name)), valueType, field(nil, typeTensor, field(tensor, tensorShape, shape)))
}

func model() []byte {
	graph := field(nil, 5, []byte("weights"))
	graph = field(graph, graphInput, value("images", 1, 3, 416, 416))
	graph = field(graph, graphOutput, value("output", 1, 3549, 85))
	graph = field(graph, graphValueInfo, value("inner", 1, 8, 52, 52))
	return field(protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), 7), modelGraph, graph)
}

func TestFreeSize(t *testing.T) {
	m := model()
	before := bytes.Clone(m)
	free, input, output, err := freeSize(m)
	if err != nil || input != "images" || output != "output" {
		t.Fatalf("%q, %q, %v", input, output, err)
	}
	if !bytes.Equal(m, before) {
		t.Error("the weights were changed in place")
	}
	for _, want := range []string{"height", "width", "weights"} {
		if !bytes.Contains(free, []byte(want)) {
			t.Errorf("%q is missing", want)
		}
	}
	if bytes.Contains(free, []byte("inner")) {
		t.Error("stale shapes are still there")
	}
	if again, _, _, err := freeSize(free); err != nil || !bytes.Equal(again, free) {
		t.Errorf("a network of free size changes again: %v", err)
	}
	for name, bad := range map[string][]byte{
		"empty": nil, "text": []byte("not a network"), "cut": m[:len(m)/2],
		"flat input": field(nil, modelGraph, field(nil, graphInput, value("images", 416, 416))),
	} {
		if _, _, _, err := freeSize(bad); models.KindOf(err) != models.KindUnsupported || !strings.Contains(err.Error(), "detector.net") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func FuzzFreeSize(f *testing.F) {
	f.Add(model())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, m []byte) {
		free, _, _, err := freeSize(m)
		if err == nil && len(free) > len(m)+64 {
			t.Fatalf("%d bytes became %d", len(m), len(free))
		}
	})
}
