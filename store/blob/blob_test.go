package blob_test

import (
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/counterwatch/counterwatch/store/blob"
	"github.com/counterwatch/counterwatch/store/storetest"
)

func TestDisk(t *testing.T) {
	dir := t.TempDir()
	d, err := blob.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	storetest.Blob(t, d, blob.MaxBytes)
	err = filepath.WalkDir(dir, func(p string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(p, ".part") {
			t.Errorf("%s was left behind", p)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
