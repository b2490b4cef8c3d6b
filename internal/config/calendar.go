package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"github.com/counterwatch/counterwatch/models"
)

// calendarFile is `always`, `office` (the default week), or always or sessions, and exceptions.
type calendarFile struct{ models.Calendar }

type sessionFile struct {
	Days  string `yaml:"days"` // mon-fri, or mon,wed,sat
	From  string `yaml:"from"` // 07:30
	To    string `yaml:"to"`
	Since string `yaml:"since"` // first date, 2026-04-16
	Until string `yaml:"until"` // last date
}

type exceptionFile struct {
	Date     string        `yaml:"date"`
	Until    string        `yaml:"until"`
	Reason   string        `yaml:"reason"`
	Sessions []sessionFile `yaml:"sessions"`
}

func (c *calendarFile) UnmarshalYAML(node ast.Node) error {
	if s, ok := node.(*ast.StringNode); ok {
		switch s.Value {
		case "always":
			c.Always = true
			return nil
		case "office":
			return nil
		}
		return wrong(node, fmt.Errorf("%q is not a calendar: write always, office, or sessions and exceptions", s.Value))
	}
	var f struct {
		Always     bool            `yaml:"always"`
		Sessions   []sessionFile   `yaml:"sessions"`
		Exceptions []exceptionFile `yaml:"exceptions"`
	}
	if err := yaml.NodeToValue(node, &f, yaml.Strict()); err != nil {
		return err
	}
	c.Always = f.Always
	for _, s := range f.Sessions {
		days, err := weekdays(s.Days)
		if err != nil {
			return wrong(node, err)
		}
		session, err := s.session()
		if err != nil {
			return wrong(node, err)
		}
		for _, session.Weekday = range days {
			c.Sessions = append(c.Sessions, session)
		}
	}
	for _, e := range f.Exceptions {
		x, err := e.exception()
		if err != nil {
			return wrong(node, err)
		}
		c.Exceptions = append(c.Exceptions, x)
	}
	return wrong(node, c.Validate())
}

func (e exceptionFile) exception() (models.Exception, error) {
	x := models.Exception{Date: e.Date, Until: e.Until, Reason: e.Reason}
	if e.Reason == "" {
		return x, fmt.Errorf("the exception of %s needs a reason", e.Date)
	}
	for _, s := range e.Sessions {
		session, err := s.session()
		if err != nil {
			return x, err
		}
		if s.Days != "" {
			return x, fmt.Errorf("the exception of %s names days: its sessions are those of its dates, leave days out", e.Date)
		}
		x.Sessions = append(x.Sessions, session)
	}
	return x, nil
}

func (s sessionFile) session() (models.Session, error) {
	from, err1 := clock(s.From)
	to, err2 := clock(s.To)
	if err1 != nil || err2 != nil || from >= to {
		return models.Session{}, fmt.Errorf("a session from %q to %q is not possible: write from: \"07:30\", to: \"11:30\"", s.From, s.To)
	}
	return models.Session{From: from, To: to, Since: s.Since, Until: s.Until}, nil
}

// clock turns 07:30 into minutes since midnight; 24:00 is the day's end.
func clock(s string) (int, error) {
	h, m, ok := strings.Cut(s, ":")
	hh, err1 := strconv.Atoi(h)
	mm, err2 := strconv.Atoi(m)
	if !ok || err1 != nil || err2 != nil || hh < 0 || mm < 0 || mm > 59 || hh*60+mm > 24*60 {
		return 0, fmt.Errorf("%q is not a time of day", s)
	}
	return hh*60 + mm, nil
}

var dayNames = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

func weekdays(s string) ([]time.Weekday, error) {
	index := func(name string) int {
		for i, d := range dayNames {
			if d == strings.TrimSpace(name) {
				return i
			}
		}
		return -1
	}
	var out []time.Weekday
	for part := range strings.SplitSeq(s, ",") {
		a, b, ranged := strings.Cut(part, "-")
		i, j := index(a), index(a)
		if ranged {
			j = index(b)
		}
		if i < 0 || j < 0 {
			return nil, fmt.Errorf("%q names no weekdays: write mon-fri or mon,wed,sat", s)
		}
		for ; ; i = (i + 1) % 7 {
			out = append(out, time.Weekday(i))
			if i == j {
				break
			}
		}
	}
	return out, nil
}
