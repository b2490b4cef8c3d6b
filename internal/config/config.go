// Package config reads the YAML files a person writes: a camera file for `node analyze`, the registry of a centre, the
// demo. In: a path. Out: models, validated and with defaults filled in, or an error that names file, line, field and
// what was expected. Only cmd and the assemblies of the two programs import it; no room reads files of settings itself.
package config

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/counterwatch/counterwatch/models"
)

// Registry is everything a centre is told about who it watches.
type Registry struct {
	Units   []models.Unit
	Sites   []models.Site
	Cameras []models.Camera
}

// LoadCamera reads one camera's file, as `node analyze --config` takes it. The site has the file's calendar and zone.
func LoadCamera(path string) (models.Camera, models.Site, error) {
	var f cameraFile
	src, err := load(path, &f)
	if err != nil {
		return models.Camera{}, models.Site{}, err
	}
	cam := f.camera()
	site := models.Site{ID: "site", Name: f.Camera.Name, TimeZone: f.TimeZone, Calendar: f.Calendar.Calendar}
	if err := cam.Validate(); err != nil {
		return models.Camera{}, models.Site{}, src.at(err)
	}
	if _, err := site.Location(); err != nil {
		return models.Camera{}, models.Site{}, src.at(err)
	}
	return cam.WithDefaults(), site, nil
}

// LoadRegistry reads units, sites and cameras, as `central --config` takes them.
func LoadRegistry(path string) (Registry, error) {
	var f RegistryFile
	src, err := load(path, &f)
	if err != nil {
		return Registry{}, err
	}
	r, err := f.registry()
	return r, src.at(err)
}

// source is the text of a file, kept to find the line of a field.
type source struct {
	path string
	text []byte
}

// load reads a file strictly into v: unknown fields and wrong types are errors.
func load(path string, v any) (*source, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, models.Errorf(models.KindInvalid, "read the configuration: %w", err)
	}
	src := &source{path, text}
	if len(strings.TrimSpace(string(text))) == 0 {
		return nil, models.Invalid("", "%s is empty", path)
	}
	if err := yaml.UnmarshalWithOptions(text, v, yaml.Strict()); err != nil {
		return nil, src.at(err)
	}
	return src, nil
}

// at turns an error into one that begins with file:line:column. A field such as zones[0].polygon is looked up in the file.
func (s *source) at(err error) error {
	if err == nil {
		return nil
	}
	var y yaml.Error
	if errors.As(err, &y) {
		msg := y.GetMessage()
		var wrongType *yaml.TypeError
		if errors.As(err, &wrongType) {
			msg = fmt.Sprintf("a %s is expected, %q is not one", wrongType.DstType.Kind(), wrongType.Token.Value)
		}
		if t := y.GetToken(); t != nil {
			return models.Invalid(fmt.Sprintf("%s:%d:%d%s", s.path, t.Position.Line, t.Position.Column, s.fieldAt(t)), "%s", msg)
		}
		return models.Invalid(s.path, "%s", msg)
	}
	var e *models.Error
	if !errors.As(err, &e) || e.Field == "" {
		return fmt.Errorf("%s: %w", s.path, err)
	}
	file, perr := parser.ParseBytes(s.text, 0)
	if perr != nil {
		return fmt.Errorf("%s: %w", s.path, err)
	}
	// A field that the file leaves out has no line of its own: its nearest parent has.
	for field := e.Field; field != ""; field = parent(field) {
		p, perr := yaml.PathString("$." + field)
		if perr != nil {
			continue
		}
		if node, perr := p.FilterFile(file); perr == nil && node != nil {
			pos := node.GetToken().Position
			return models.Invalid(fmt.Sprintf("%s:%d:%d: %s", s.path, pos.Line, pos.Column, e.Field), "%s", e.Msg)
		}
	}
	return models.Invalid(s.path+": "+e.Field, "%s", e.Msg)
}

// fieldAt names the field that a token of the file belongs to: ": zones[0].kind", or nothing when it cannot be told.
func (s *source) fieldAt(t *token.Token) string {
	file, err := parser.ParseBytes(s.text, 0)
	if err != nil {
		return ""
	}
	f := &fieldFinder{at: *t.Position}
	for _, doc := range file.Docs {
		ast.Walk(f, doc)
	}
	if f.path == "" {
		return ""
	}
	return ": " + strings.TrimPrefix(f.path, "$.")
}

type fieldFinder struct {
	at   token.Position
	path string
}

func (f *fieldFinder) Visit(n ast.Node) ast.Visitor {
	if t := n.GetToken(); t != nil && t.Position.Line == f.at.Line && t.Position.Column == f.at.Column && len(n.GetPath()) > len("$.") {
		f.path = n.GetPath()
	}
	return f
}

func parent(field string) string {
	return field[:max(strings.LastIndexAny(field, ".["), 0)]
}
