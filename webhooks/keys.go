package webhooks

import (
	"encoding/base64"
	"fmt"
	"strings"
)

// ParseSealer is NewSealer for keys that are text: each in base64, separated by commas, the one that seals first. The error
// shows none of them.
func ParseSealer(text string) (*Sealer, error) {
	var keys [][]byte
	for i, part := range strings.Split(text, ",") {
		key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(part))
		if err != nil {
			return nil, fmt.Errorf("webhooks: key %d of %d to seal with is not base64", i+1, strings.Count(text, ",")+1)
		}
		keys = append(keys, key)
	}
	return NewSealer(keys[0], keys[1:]...)
}
