package httpapi

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
)

// cursorOf makes a cursor of a place in a list, behind which it goes on. The place is of texts and numbers.
func cursorOf(place any) string {
	raw, _ := json.Marshal(place) // it never fails
	return base64.RawURLEncoding.EncodeToString(raw)
}

// placeOf returns the place of the parameter cursor, the zero value where there is none. It has to be as [cursorOf]
// makes them, and valid: one of another list is none.
func placeOf[Place any](p *parameters, valid func(*Place) bool) (place Place) {
	text := p.text("cursor")
	if text == "" {
		return place
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		d := json.NewDecoder(bytes.NewReader(raw))
		d.DisallowUnknownFields()
		err = d.Decode(&place)
	}
	if err != nil || !valid(&place) {
		p.fail("cursor", codeValue, "cursor must be one that a link of this list has")
	}
	return place
}
