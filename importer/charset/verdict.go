package charset

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"unicode/utf8"
)

const (
	mostReadings = 3
	// margin is how much likelier than any encoding that gives another text Windows-1252 has to be.
	margin = 5.0
	// beyondHope is how much likelier another encoding is that is beyond doubt.
	beyondHope = 30.0
	// sense is how likely a character is on the average in text that makes sense, someSense where nothing better is.
	sense, someSense = -11.5, -12.5
)

// verdict is what a survey says.
type verdict struct {
	sure     bool    // Windows1252, or what gives the same text
	hopeless bool    // more of the file will not make it so
	anySense bool    // it makes sense in some encoding
	best     float64 // how likely a character is in the likeliest encoding, on the average
	readings []Reading
	example  string // a value in Windows1252
}

// ranked is how likely an encoding is.
type ranked struct {
	encoding Encoding
	table    table
	score    float64
	same     bool // the text is the same in Windows1252
}

func (s *survey) verdict() verdict {
	all := s.list()
	ranks := s.rank(all)
	weight := 0.0
	for _, pair := range all {
		if pair.behind >= kinds {
			weight += float64(pair.weight)
		}
	}
	const never = math.MaxFloat64
	same, other := -never, -never // the best scores of those with the text of Windows1252, and of the others
	for _, r := range ranks {
		if r.same {
			same = max(same, r.score)
		} else {
			other = max(other, r.score)
		}
	}
	v := verdict{best: ranks[0].score / weight, anySense: ranks[0].score > someSense*weight,
		sure: same > sense*weight && same-other >= margin, hopeless: other-same > beyondHope}
	western := &ranks[slices.IndexFunc(ranks, func(r ranked) bool { return r.encoding == Windows1252 })].table
	if mixed := s.utf8Value(); mixed != nil {
		v.sure = false
		v.readings = []Reading{{UTF8, string(mixed)}, {Windows1252, string(western.decode(nil, mixed, nil))}}
	} else if !v.sure {
		v.readings = s.readings(ranks)
	}
	v.example = string(western.decode(nil, s.first, nil))
	return v
}

// detected is the verdict for others.
func (v *verdict) detected() Detected {
	if !v.sure {
		return Detected{Encoding: Windows1252, Readings: v.readings, Evidence: "not UTF-8, and may be in several encodings"}
	}
	return Detected{Encoding: Windows1252, Evidence: fmt.Sprintf(
		"not UTF-8, and makes sense as windows-1252, for example %q", v.example)}
}

// rank returns the encodings, the likeliest first.
func (s *survey) rank(all []seen) []ranked {
	l := knowledgeOfLanguages()
	western, _ := newTable(Windows1252)
	rows := slices.ContainsFunc(all, func(s seen) bool { return s.before >= kinds && s.behind >= kinds })
	var ranks []ranked
	for _, h := range l.hypotheses {
		if h.rows && !rows {
			continue
		}
		r := ranked{encoding: h.encoding, same: true}
		r.table, _ = newTable(h.encoding)
		for c, value := range s.values {
			r.same = r.same && (value == nil || r.table[c+0x80] == western[c+0x80])
		}
		for i, m := range h.models {
			if score := l.score(all, &r.table, m) - float64(h.prior); i == 0 || score > r.score {
				r.score = score
			}
		}
		ranks = append(ranks, r)
	}
	slices.SortStableFunc(ranks, func(a, b ranked) int { return cmp.Compare(b.score, a.score) })
	return ranks
}

// readings returns one of the values as the likeliest encodings have it, each in another way: that which most of them
// read differently.
func (s *survey) readings(ranks []ranked) (best []Reading) {
	for _, value := range append([][]byte{s.first}, s.values[:]...) {
		var now []Reading
		for _, r := range ranks {
			text := string(r.table.decode(nil, value, nil))
			shown := slices.ContainsFunc(now, func(o Reading) bool { return o.Text == text })
			if len(now) < mostReadings && !shown && utf8.ValidString(text) {
				now = append(now, Reading{r.encoding, text})
			}
		}
		if len(now) > len(best) {
			best = now
		}
	}
	return best
}
