// Runs cases.json's templates on its data with Go's own text/template and docker's functions, and writes
// golden.json: what this project's template/ is held against. By hand, when a case is added:
//
//	go run golden.go < cases.json > golden.json
package main

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"text/template"
)

// As in docker's cli/templates: JSON without HTML escapes; truncate and pad by bytes.
var functions = template.FuncMap{
	"json": func(v any) string {
		buffer := &bytes.Buffer{}
		encoder := json.NewEncoder(buffer)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(v); err != nil {
			panic(err)
		}
		return strings.TrimSpace(buffer.String())
	},
	"split": strings.Split,
	"join": func(list any, by string) string {
		words := []string{}
		switch typed := list.(type) {
		case []string:
			words = typed
		case []any:
			for _, word := range typed {
				words = append(words, word.(string))
			}
		}
		return strings.Join(words, by)
	},
	"title": strings.Title,
	"lower": strings.ToLower,
	"upper": strings.ToUpper,
	"pad": func(source string, before, after int) string {
		if source == "" {
			return source
		}
		return strings.Repeat(" ", before) + source + strings.Repeat(" ", after)
	},
	"truncate": func(source string, length int) string {
		if len(source) < length {
			return source
		}
		return source[:length]
	},
}

// whole makes ints of the numbers that are, as docker's structs have them.
func whole(value any) any {
	switch typed := value.(type) {
	case float64:
		if typed == float64(int(typed)) {
			return int(typed)
		}
	case []any:
		for at := range typed {
			typed[at] = whole(typed[at])
		}
	case map[string]any:
		for key := range typed {
			typed[key] = whole(typed[key])
		}
	}
	return value
}

func main() {
	var input struct {
		Data      any      `json:"data"`
		Templates []string `json:"templates"`
	}
	if err := json.NewDecoder(os.Stdin).Decode(&input); err != nil {
		panic(err)
	}
	data := whole(input.Data)
	type result struct {
		Template string `json:"template"`
		Output   string `json:"output"`
		Error    string `json:"error,omitempty"`
	}
	results := []result{}
	for _, source := range input.Templates {
		one := result{Template: source}
		parsed, err := template.New("").Funcs(functions).Option("missingkey=default").Parse(source)
		if err == nil {
			buffer := &bytes.Buffer{}
			err = parsed.Execute(buffer, data)
			one.Output = buffer.String()
		}
		if err != nil {
			one.Error, one.Output = err.Error(), ""
		}
		results = append(results, one)
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	encoder.Encode(map[string]any{"data": input.Data, "results": results})
}
