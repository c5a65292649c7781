package sqlite

import (
	"encoding/json"
	"fmt"
)

// jsonIn scans JSON.
type jsonIn struct{ to any }

func (j jsonIn) Scan(value any) error {
	text, ok := value.(string)
	if !ok {
		return fmt.Errorf("sqlite: %T is not JSON", value)
	}
	return json.Unmarshal([]byte(text), j.to)
}

// marshal makes JSON of each of the values, as text.
func marshal(values ...any) (texts []any, err error) {
	for _, v := range values {
		text, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		texts = append(texts, string(text))
	}
	return texts, nil
}

// list is a list of values as one parameter, for json_each.
func list[T any](values []T) (string, error) {
	text, err := json.Marshal(values)
	if values == nil {
		return "[]", err
	}
	return string(text), err
}
