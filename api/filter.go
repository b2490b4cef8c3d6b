package api

import (
	"strings"
	"unicode"

	"github.com/counterwatch/counterwatch/models"
)

// condition is one "field op value" of a filter.
type condition struct{ field, op, value string }

const maxFilter = 2000 // characters

// parseFilter reads the part of the AIP-160 filter language that lists here understand: conditions joined by AND, each a
// field, one of = != < <= > >=, and a value, bare or in double quotes. fields says which operators each field takes.
func parseFilter(filter string, fields map[string]string) ([]condition, error) {
	if len(filter) > maxFilter {
		return nil, models.Invalid("filter", "longer than %d characters", maxFilter)
	}
	var out []condition
	rest := strings.TrimSpace(filter)
	for rest != "" {
		if len(out) > 0 {
			word, after := cutWord(rest)
			if !strings.EqualFold(word, "AND") {
				return nil, models.Invalid("filter", "expected AND before %q", clip(rest))
			}
			rest = after
		}
		c, after, err := parseCondition(rest, fields)
		if err != nil {
			return nil, err
		}
		out, rest = append(out, c), after
	}
	return out, nil
}

func parseCondition(s string, fields map[string]string) (c condition, rest string, err error) {
	c.field, rest = cutWord(s)
	ops, ok := fields[c.field]
	if !ok {
		return c, "", models.Invalid("filter", "%q is not a field; there are %s", clip(c.field), strings.Join(sortedKeys(fields), ", "))
	}
	n := 0
	for n < len(rest) && strings.IndexByte("=!<>", rest[n]) >= 0 {
		n++
	}
	c.op, rest = rest[:n], strings.TrimLeftFunc(rest[n:], unicode.IsSpace)
	if !contains(strings.Fields(ops), c.op) {
		return c, "", models.Invalid("filter", "%s takes %s, not %q", c.field, ops, clip(c.op))
	}
	if strings.HasPrefix(rest, `"`) {
		end := strings.IndexByte(rest[1:], '"')
		if end < 0 {
			return c, "", models.Invalid("filter", "the quote before %q is not closed", clip(rest[1:]))
		}
		c.value, rest = rest[1:end+1], rest[end+2:]
	} else {
		end := strings.IndexFunc(rest, unicode.IsSpace)
		if end < 0 {
			end = len(rest)
		}
		c.value, rest = rest[:end], rest[end:]
	}
	if c.value == "" {
		return c, "", models.Invalid("filter", "%s %s lacks a value", c.field, c.op)
	}
	return c, strings.TrimSpace(rest), nil
}

// cutWord splits a leading word of letters, digits, _ and . from what follows.
func cutWord(s string) (word, rest string) {
	end := strings.IndexFunc(s, func(r rune) bool { return r != '_' && r != '.' && !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	if end < 0 {
		end = len(s)
	}
	return s[:end], strings.TrimSpace(s[end:])
}

// clip shortens what a caller sent before it is repeated in an error.
func clip(s string) string {
	s = strings.ToValidUTF8(s, "�")
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}
