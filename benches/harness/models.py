"""A schema of many models of 12 fields, each of which belongs to the previous one."""

FIELDS = r"""model: Item{number}
fields:
  title:       {{ type: string, min: 3, max: 120 }}
  code:        {{ type: string?, unique: true, pattern: "^[a-z0-9-]+$", max: 80 }}
  content:     {{ type: text, max: 5000 }}
  state:       {{ type: enum, values: [draft, review, published], default: draft }}
  views:       {{ type: integer, default: 0, min: 0 }}
  price:       {{ type: decimal, precision: 10, scale: 2, min: 0 }}
  publishedAt: datetime?
  isOnline:    {{ type: boolean, default: false }}
  contact:     email
  extras:      {{ type: json?, maxBytes: 4096 }}
  rating:      {{ type: float?, min: 0, max: 5 }}
  day:         {{ type: date, index: true }}
"""
ACCESS = """access:
  View:   public
  Create: public
  Update: public
  Delete: public
"""


def write_models(count, directory):
    directory.mkdir(parents=True)
    (directory / "app.yaml").write_text("name: Big\napi: /api\n")
    for number in range(count):
        (directory / f"item{number}.yaml").write_text(_model(number, count))


def _model(number, count):
    relations = []
    if number > 0:
        relations.append(f"  parent:   {{ belongsTo: Item{number - 1}, onDelete: cascade }}\n")
    if number < count - 1:
        relations.append(f"  children: {{ hasMany: Item{number + 1} }}\n")
    head = ["relations:\n"] if relations else []
    return "".join([FIELDS.format(number=number), *head, *relations, ACCESS])
