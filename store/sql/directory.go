package sql

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/uptrace/bun"

	"github.com/counterwatch/counterwatch/models"
)

type unitRow struct {
	bun.BaseModel `bun:"table:units"`
	ID            string `bun:",pk"`
	Body          string
}

type siteRow struct {
	bun.BaseModel `bun:"table:sites"`
	ID            string `bun:",pk"`
	Unit          string
	Body          string
}

type cameraRow struct {
	bun.BaseModel `bun:"table:cameras"`
	ID            string `bun:",pk"`
	Site          string
	Node          string
	URL           string
	Body          string
}

// PutDirectory adds or replaces units, sites and cameras in one transaction; others stay. What refers to something that
// exists nowhere is KindInvalid.
func (s *Store) PutDirectory(ctx context.Context, units []models.Unit, sites []models.Site, cameras []models.Camera) error {
	var us []unitRow
	for _, u := range units {
		b, err := body(u)
		if err != nil {
			return err
		}
		us = append(us, unitRow{ID: u.ID, Body: b})
	}
	var ss []siteRow
	for _, v := range sites {
		b, err := body(v)
		if err != nil {
			return err
		}
		ss = append(ss, siteRow{ID: v.ID, Unit: v.Unit, Body: b})
	}
	var cs []cameraRow
	for _, c := range cameras {
		url := s.sealed(addresses(c), c.ID)
		c.URL, c.SubURL = "", ""
		b, err := body(c)
		if err != nil {
			return err
		}
		cs = append(cs, cameraRow{ID: c.ID, Site: c.Site, Node: c.Node, URL: url, Body: b})
	}
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := upsert(ctx, tx, us, "body"); err != nil {
			return err
		}
		if err := upsert(ctx, tx, ss, "unit", "body"); err != nil {
			return err
		}
		return upsert(ctx, tx, cs, "site", "node", "url", "body")
	})
	if err != nil {
		return fmt.Errorf("store: put units, sites and cameras: %w", err)
	}
	return nil
}

// addresses are a camera's addresses in one text, a line each; no URL holds a line break.
func addresses(c models.Camera) string {
	if c.SubURL == "" {
		return c.URL.Reveal()
	}
	return c.URL.Reveal() + "\n" + c.SubURL.Reveal()
}

func upsert[R any](ctx context.Context, tx bun.Tx, rows []R, columns ...string) error {
	if len(rows) == 0 {
		return nil
	}
	q := tx.NewInsert().Model(&rows).On("CONFLICT (id) DO UPDATE")
	for _, c := range columns {
		q = q.Set("? = EXCLUDED.?", bun.Ident(c), bun.Ident(c))
	}
	_, err := q.Exec(ctx)
	return err
}

// Units returns all units in order of their ids.
func (s *Store) Units(ctx context.Context) ([]models.Unit, error) {
	var rows []unitRow
	if err := s.r.NewSelect().Model(&rows).Order("id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("store: units: %w", err)
	}
	return bodies[models.Unit](rows, func(r unitRow) string { return r.Body })
}

// Sites returns all sites in order of their ids.
func (s *Store) Sites(ctx context.Context) ([]models.Site, error) {
	var rows []siteRow
	if err := s.r.NewSelect().Model(&rows).Order("id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("store: sites: %w", err)
	}
	return bodies[models.Site](rows, func(r siteRow) string { return r.Body })
}

// Cameras returns all cameras in order of their ids, their addresses included.
func (s *Store) Cameras(ctx context.Context) ([]models.Camera, error) {
	var rows []cameraRow
	if err := s.r.NewSelect().Model(&rows).Order("id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("store: cameras: %w", err)
	}
	cameras, err := bodies[models.Camera](rows, func(r cameraRow) string { return r.Body })
	if err != nil {
		return nil, err
	}
	for i, r := range rows {
		url, err := s.unsealed(r.URL, r.ID)
		if err != nil {
			return nil, err
		}
		main, sub, _ := strings.Cut(url, "\n")
		cameras[i].URL, cameras[i].SubURL = models.SecretURL(main), models.SecretURL(sub)
	}
	return cameras, nil
}

func bodies[M, R any](rows []R, text func(R) string) ([]M, error) {
	out := make([]M, len(rows))
	for i, r := range rows {
		if err := json.Unmarshal([]byte(text(r)), &out[i]); err != nil {
			return nil, fmt.Errorf("store: a stored body cannot be read: %w", err)
		}
	}
	return out, nil
}
