// Command openapi joins the OpenAPI documents that protoc-gen-openapiv3 makes, one per proto file, into one on standard
// output, and adds what protobuf cannot say: title, security, streams and the route by which nodes send pictures.
package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"strings"
)

type object = map[string]any

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "openapi:", err)
		os.Exit(1)
	}
}

func run(files []string) error {
	paths, schemas, tags := object{}, object{}, []any{}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		var doc struct {
			Paths      object
			Components struct{ Schemas object }
			Tags       []any
		}
		if err := json.Unmarshal(b, &doc); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		maps.Copy(paths, doc.Paths)
		maps.Copy(schemas, doc.Components.Schemas)
		tags = append(tags, doc.Tags...)
	}
	open(paths)
	streams(paths)
	pictures(paths, schemas)
	paths["/api/v1/media/{media}"] = object{"put": mediaPut()}
	doc := object{
		"openapi": "3.1.0",
		"info": object{
			"title":       "Counterwatch",
			"version":     "1",
			"description": "Queue length, waiting time and counter staffing of one-stop departments. Times are RFC 3339 UTC; figures carry their quality.",
			"license":     object{"name": "Apache-2.0", "identifier": "Apache-2.0"},
		},
		"paths": paths,
		"tags":  tags,
		"components": object{
			"schemas": schemas,
			"securitySchemes": object{
				"session": object{"type": "apiKey", "in": "cookie", "name": "cw_session"},
				"bearer":  object{"type": "http", "scheme": "bearer"},
				"node":    object{"type": "http", "scheme": "basic", "description": "Id and secret of an enrolled node."},
			},
		},
		"security": []any{object{"session": []any{}}, object{"bearer": []any{}}},
	}
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	return out.Encode(doc)
}

// open marks the calls that need no session.
func open(paths object) {
	for _, p := range []string{"/api/v1/auth:status", "/api/v1/auth:setup", "/api/v1/auth:signin", "/api/v1/auth:exchange", "/api/v1/nodes:enrol"} {
		for _, op := range paths[p].(object) {
			op.(object)["security"] = []any{}
		}
	}
}

// streams says that watch calls answer as one JSON object a line or as Server-Sent Events.
func streams(paths object) {
	for p, item := range paths {
		if !strings.HasSuffix(p, ":watch") {
			continue
		}
		for _, op := range item.(object) {
			if ok, is := op.(object)["responses"].(object)["200"].(object); is {
				content := ok["content"].(object)
				line := object{"result": content["application/json"].(object)["schema"], "error": object{"$ref": "#/components/schemas/google.rpc.Status"}}
				content["application/x-ndjson"] = object{"schema": object{"type": "object", "properties": line}}
				content["text/event-stream"] = object{"schema": object{"type": "string"}}
				delete(content, "application/json")
			}
		}
	}
}

// pictures says that stills and snapshots are JPEG files.
func pictures(paths, schemas object) {
	for _, p := range []string{"/api/v1/cameras/{name}/still", "/api/v1/snapshots/{name}"} {
		paths[p].(object)["get"].(object)["responses"].(object)["200"] = object{
			"description": "The picture.",
			"content":     object{"image/jpeg": object{"schema": object{"type": "string", "contentMediaType": "image/jpeg"}}},
		}
	}
	delete(schemas, "google.api.HttpBody")
}

func mediaPut() object {
	return object{
		"tags":        []any{"MediaService"},
		"operationId": "PutMedia",
		"summary":     "PutMedia stores a picture that a node made; at most 1 MB.",
		"security":    []any{object{"node": []any{}}},
		"parameters": []any{object{
			"name": "media", "in": "path", "required": true, "schema": object{"type": "string"}, "description": "Id of the picture.",
		}},
		"requestBody": object{"required": true, "content": object{"image/jpeg": object{"schema": object{"type": "string", "contentMediaType": "image/jpeg"}}}},
		"responses":   object{"204": object{"description": "Stored."}},
	}
}
