package httpapi

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
)

// writeJSON answers with the value as JSON. It is encoded before the first byte leaves, so that a failure is a 500.
func writeJSON(w http.ResponseWriter, status int, contentType string, value any) {
	body, err := encodeJSON(value)
	if err != nil {
		panic(err) // only values that can be encoded come here
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // it fails where the client has gone
}

// encodeJSON encodes without the escapes that are for HTML, and ends with a line break.
func encodeJSON(value any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(value)
	return b.Bytes(), err
}
