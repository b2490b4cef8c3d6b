package main

import (
	"net"
	"strings"
	"testing"

	"github.com/counterwatch/counterwatch/internal/probe"
	"github.com/counterwatch/counterwatch/models"
)

func TestCameraDiscover(t *testing.T) {
	silent, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	at := silent.LocalAddr().String()
	for _, c := range []struct {
		name  string
		stdin string
		args  []string
		code  int
		want  string
	}{
		{"nobody", "", []string{"--target", at}, 0, "No camera answered"},
		{"nobody, as JSON", "", []string{"--target", at, "--json"}, 0, "[]"},
		{"with a password", canary, []string{"--target", at, "--user", "admin", "--password-stdin"}, 0, "No camera answered"},
		{"nobody to ask", "", []string{"--target", at, "--user", "admin"}, 1, "--password-stdin"},
		{"unknown card", "", []string{"--interface", "no-such-card"}, 1, "no-such-card"},
		{"no address", "", []string{"--target", "camera.invalid:1:2"}, 1, "target"},
	} {
		t.Run(c.name, func(t *testing.T) {
			args := append([]string{"discover", "--for", "100ms"}, c.args...)
			if _, all, code := runCamera(t, c.stdin, args...); code != c.code || !strings.Contains(all, c.want) {
				t.Fatalf("exit %d: %s", code, all)
			}
		})
	}
}

func TestFoundCamerasAreShownWithoutCredentials(t *testing.T) {
	found := []probe.Found{
		{Name: "Hall", Maker: "Acme", Model: "D5", Profiles: []probe.Profile{
			{Name: "main", Codec: "H264", Size: models.Size{W: 1920, H: 1080}, URL: "rtsp://10.0.0.7/cam?channel=1&subtype=0"},
			{Name: "sub", URL: "rtsp://10.0.0.7/user=admin_password=canary-8e41_channel=1"},
			{Name: "old", URL: "rtsp://10.0.0.7/x?pwd=canary-8e41"},
		}},
		{Name: "Door", Problem: "it asks for a user name and password"},
	}
	var table, js strings.Builder
	if err := printFound(&table, found); err != nil {
		t.Fatal(err)
	}
	if err := printFoundJSON(&js, found); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(table.String()+js.String(), canary) {
		t.Fatal(table.String() + js.String())
	}
	for _, want := range []string{"Acme D5", "1920x1080", "rtsp://10.0.0.7/cam?channel=1&subtype=0", "rtsp://10.0.0.7/***",
		"it asks for"} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("%q is not in\n%s", want, table.String())
		}
	}
}
