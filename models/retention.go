package models

import (
	"cmp"
	"time"
)

// Retention says how long the centre keeps what shows people, by site. What is older is deleted within the hour. Sums of days,
// which show nobody, stay.
type Retention struct {
	Pictures time.Duration // of incidents; 0 is 7 days
	Series   time.Duration // minutes and visits; 0 is 13 months of 31 days, so that a quarter can be compared with the one a year before
}

// The retention of a site that names none.
const (
	DefaultPictures = 7 * 24 * time.Hour
	DefaultSeries   = 13 * 31 * 24 * time.Hour
)

// WithDefaults returns the retention with what is unset filled in.
func (r Retention) WithDefaults() Retention {
	return Retention{Pictures: cmp.Or(r.Pictures, DefaultPictures), Series: cmp.Or(r.Series, DefaultSeries)}
}

// Validate returns a KindInvalid error when nobody could work with so little.
func (r Retention) Validate() error {
	if r = r.WithDefaults(); r.Pictures < time.Hour {
		return Invalid("retention.pictures", "%s is too short to review anything: keep pictures for 1h at least", r.Pictures)
	}
	if r.Series < 48*time.Hour {
		return Invalid("retention.series", "%s is too short: the figures of a day need its minutes for 48h at least", r.Series)
	}
	return nil
}
