package ort

import (
	"errors"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/counterwatch/counterwatch/models"
)

// Field numbers of onnx.proto (ONNX IR), as far as they are needed.
const (
	modelGraph      = 7
	graphInput      = 11
	graphOutput     = 12
	graphValueInfo  = 13
	valueName       = 1
	valueType       = 2
	typeTensor      = 1
	tensorShape     = 2
	shapeDimension  = 1
	dimensionParam  = 2
	inputDimensions = 4 // batch, channels, height, width
)

// freeSize rewrites a network whose one input has a fixed size so that any height and width will do: the two dimensions
// become names, and the shapes noted for everything behind them are dropped. It returns the names of input and output.
// The weights are not touched.
func freeSize(model []byte) (free []byte, input, output string, err error) {
	free, err = rewrite(model, func(num protowire.Number, graph []byte) ([]byte, bool, error) {
		if num != modelGraph {
			return graph, true, nil
		}
		graph, err := rewrite(graph, func(num protowire.Number, v []byte) ([]byte, bool, error) {
			switch {
			case num == graphValueInfo:
				return nil, false, nil
			case num == graphInput && input == "":
				input = name(v)
				v, err := at(v, nameDimensions, valueType, typeTensor, tensorShape)
				return v, true, err
			case num == graphOutput && output == "":
				output = name(v)
				v, err := at(v, dropShape, valueType, typeTensor)
				return v, true, err
			}
			return v, true, nil
		})
		return graph, true, err
	})
	if err == nil && (input == "" || output == "") {
		err = errors.New("it is not an ONNX network with an input and an output")
	}
	if err != nil {
		err = models.Errorf(models.KindUnsupported, "onnxruntime: the network cannot be read (%w): choose another detector.net", err)
	}
	return free, input, output, err
}

// nameDimensions replaces height and width of a shape by names.
func nameDimensions(shape []byte) ([]byte, error) {
	i := 0
	out, err := rewrite(shape, func(num protowire.Number, v []byte) ([]byte, bool, error) {
		if num == shapeDimension {
			switch i++; i {
			case 3:
				v = param("height")
			case 4:
				v = param("width")
			}
		}
		return v, true, nil
	})
	if err == nil && i != inputDimensions {
		err = errors.New("its input is not batch x channels x height x width")
	}
	return out, err
}

// param is a dimension that has a name and no value.
func param(name string) []byte {
	return protowire.AppendString(protowire.AppendTag(nil, dimensionParam, protowire.BytesType), name)
}

func dropShape(tensor []byte) ([]byte, error) {
	return rewrite(tensor, func(num protowire.Number, v []byte) ([]byte, bool, error) { return v, num != tensorShape, nil })
}

// at applies f to the message reached by a path of field numbers.
func at(msg []byte, f func([]byte) ([]byte, error), path ...protowire.Number) ([]byte, error) {
	if len(path) == 0 {
		return f(msg)
	}
	return rewrite(msg, func(num protowire.Number, v []byte) ([]byte, bool, error) {
		if num != path[0] {
			return v, true, nil
		}
		v, err := at(v, f, path[1:]...)
		return v, true, err
	})
}

func name(valueInfo []byte) (s string) {
	_, _ = rewrite(valueInfo, func(num protowire.Number, v []byte) ([]byte, bool, error) {
		if num == valueName {
			s = string(v)
		}
		return v, true, nil
	})
	return s
}

// rewrite copies a message, passing each length-delimited field through f, which returns its new content and whether to
// keep it.
func rewrite(msg []byte, f func(protowire.Number, []byte) ([]byte, bool, error)) ([]byte, error) {
	out := make([]byte, 0, len(msg))
	for len(msg) > 0 {
		num, typ, n := protowire.ConsumeTag(msg)
		if n < 0 {
			return nil, protowire.ParseError(n)
		}
		m := protowire.ConsumeFieldValue(num, typ, msg[n:])
		if m < 0 {
			return nil, protowire.ParseError(m)
		}
		if typ != protowire.BytesType {
			out = append(out, msg[:n+m]...)
		} else {
			v, _ := protowire.ConsumeBytes(msg[n:])
			v, keep, err := f(num, v)
			if err != nil {
				return nil, err
			}
			if keep {
				out = protowire.AppendBytes(protowire.AppendTag(out, num, typ), v)
			}
		}
		msg = msg[n+m:]
	}
	return out, nil
}
