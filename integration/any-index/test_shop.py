"""pipelines/shop: composite keys, a computed total, a view, an enum in `where`, jsonb and exact numbers."""

import unittest

from changes import Changes
from example import Example

DOCUMENTS = r"""
SELECT replace(replace(o.region, '\', '\\'), '|', '\|') || '|' || o.number, json_build_object(
  'region', o.region, 'number', o.number, 'status', o.status, 'placed_at', o.placed_at, 'attributes', o.attributes,
  'location', CASE WHEN o.latitude + o.longitude IS NOT NULL THEN json_build_object('lat', o.latitude, 'lon', o.longitude) END,
  'total', coalesce((SELECT sum(quantity * unit_price) FROM shop.lines JOIN shop.orders USING (region, number)
                     WHERE (region, number) = (o.region, o.number)), 0),
  'kind', 'order',
  'customer', (SELECT json_build_object('id', c.id, 'name', c.name, 'email', c.email, 'addresses',
      coalesce((SELECT json_agg(json_build_object('kind', a.kind, 'street', a.street, 'city', a.city) ORDER BY a.kind, a.id)
                FROM shop.addresses a WHERE a.customer_id = c.id), '[]'))
    FROM shop.customers c WHERE c.id = o.customer_id),
  'lines', coalesce((SELECT json_agg(json_build_object('position', l.position, 'quantity', l.quantity,
        'unit_price', l.unit_price, 'amount', l.quantity * l.unit_price,
        'product', json_build_object('sku', p.sku, 'name', p.name, 'list_price', p.price, 'tags', to_json(p.tags)))
      ORDER BY l.position)
    FROM shop.lines l JOIN shop.products p ON p.sku = l.sku WHERE l.region = o.region AND l.number = o.number), '[]'),
  'payments', coalesce((SELECT json_agg(json_build_object('method', s.method, 'amount', s.amount, 'at', s.at) ORDER BY s.method)
    FROM (SELECT method, sum(amount) AS amount, max(received_at) AS at FROM shop.payments p
          WHERE p.region = o.region AND p.number = o.number AND NOT p.voided GROUP BY method) s), '[]'))
FROM shop.orders o WHERE o.status IN ('placed', 'paid', 'shipped', 'cancelled')
"""


class ShopChanges(Changes):
    kinds = {
        "new_customer": 2, "rename_customer": 2, "change_password": 1, "delete_customer": 0.5,
        "new_address": 3, "change_address": 2, "move_address": 2, "delete_address": 1,
        "new_product": 3, "change_product": 3, "change_stock": 2, "change_sku": 1, "delete_product": 0.5,
        "new_order": 6, "change_status": 5, "change_order": 3, "rekey_order": 2, "reassign_order": 2, "delete_order": 2,
        "new_line": 8, "change_line": 3, "change_line_product": 2, "move_line": 3, "delete_line": 2,
        "new_payment": 5, "change_payment": 3, "move_payment": 2, "delete_payment": 1,
        "truncate": 0.2, "change_two_levels": 1,
    }

    def customer(self):
        return self.row("shop.customers", "id")

    def product(self):
        return self.row("shop.products", "sku")

    def order(self):
        return self.row("shop.orders", "region", "number")

    def line(self):
        return self.row("shop.lines", "region", "number", "position")

    def new_key(self):
        return f"{self.one_of('eu', 'asia', 'us|west', 'back' + chr(92) + 'slash')}, {self.number(1, 60)}"

    def status(self):
        return self.one_of("draft", "placed", "paid", "shipped", "cancelled")

    def place(self):
        if self.random.random() < 0.4:
            return "NULL, NULL"
        return f"{self.random.uniform(-90, 90)}, {self.random.uniform(-180, 180)}"

    def attributes(self):
        return self.one_of("{}", '{"gift": true}', '{"a": {"b": [1, 2.50, null]}, "c": "ü\\n\\"x\\""}', '{"big": 12345678901234567890.5}')

    # Statements

    def new_customer(self):
        name = self.word()
        return f"INSERT INTO shop.customers (name, email) VALUES ({name}, {name} || '@example.com')"

    def rename_customer(self):
        return f"UPDATE shop.customers SET name = {self.word()} WHERE id = {self.customer()}"

    def change_password(self):
        return f"UPDATE shop.customers SET password = {self.word()} WHERE id = {self.customer()}"

    def delete_customer(self):
        return f"DELETE FROM shop.customers WHERE id = {self.customer()}"

    def new_address(self):
        return f"""INSERT INTO shop.addresses (customer_id, kind, street, city, latitude, longitude)
            VALUES ({self.customer()}, {self.one_of('billing', 'shipping')}, {self.word()}, {self.word()}, {self.place()})"""

    def change_address(self):
        change = self.random.choice(("street = street || 'x'", "kind = 'shipping'", "kind = 'billing'", "latitude = 1"))
        return f"UPDATE shop.addresses SET {change} WHERE id = {self.row('shop.addresses', 'id')}"

    def move_address(self):
        return f"UPDATE shop.addresses SET customer_id = {self.customer()} WHERE id = {self.row('shop.addresses', 'id')}"

    def delete_address(self):
        return f"DELETE FROM shop.addresses WHERE id = {self.row('shop.addresses', 'id')}"

    def new_product(self):
        tags = self.one_of("{}", "{a,b}", '{"with space",NULL,"quo\\"te"}')
        return f"INSERT INTO shop.products VALUES ({self.word()}, {self.word()}, {self.decimal(9, 2)}, {tags})"

    def change_product(self):
        change = self.random.choice((f"name = {self.word()}", f"price = {self.decimal(9, 2)}", "tags = array_append(tags, 'more')"))
        return f"UPDATE shop.products SET {change} WHERE sku = {self.product()}"

    def change_stock(self):
        return f"UPDATE shop.products SET stock = stock + 1 WHERE sku = {self.product()}"

    def change_sku(self):
        return f"UPDATE shop.products SET sku = {self.word()} WHERE sku = {self.product()}"

    def delete_product(self):
        return f"DELETE FROM shop.products p WHERE sku = {self.product()} AND NOT EXISTS (SELECT FROM shop.lines l WHERE l.sku = p.sku)"

    def new_order(self):
        return f"""INSERT INTO shop.orders VALUES
            ({self.new_key()}, {self.customer()}, {self.status()}, {self.time()}, {self.place()}, {self.attributes()})"""

    def change_status(self):
        return f"UPDATE shop.orders SET status = {self.status()} WHERE (region, number) = ({self.order()})"

    def change_order(self):
        change = self.random.choice((f"attributes = {self.attributes()}", f"(latitude, longitude) = ({self.place()})",
                                     f"placed_at = {self.time()}"))
        return f"UPDATE shop.orders SET {change} WHERE (region, number) = ({self.order()})"

    def rekey_order(self):
        return f"UPDATE shop.orders SET (region, number) = ({self.new_key()}) WHERE (region, number) = ({self.order()})"

    def reassign_order(self):
        return f"UPDATE shop.orders SET customer_id = {self.customer()} WHERE (region, number) = ({self.order()})"

    def delete_order(self):
        return f"DELETE FROM shop.orders WHERE (region, number) = ({self.order()})"

    def new_line(self):
        return f"""INSERT INTO shop.lines VALUES
            ({self.order()}, {self.number(1, 9)}, {self.product()}, {self.number(1, 99)}, {self.decimal(10, 4)})"""

    def change_line(self):
        change = self.random.choice((f"quantity = {self.number(1, 99)}", f"unit_price = {self.decimal(10, 4)}",
                                     f"position = {self.number(1, 9)}"))
        return f"UPDATE shop.lines SET {change} WHERE (region, number, position) = ({self.line()})"

    def change_line_product(self):
        return f"UPDATE shop.lines SET sku = {self.product()} WHERE (region, number, position) = ({self.line()})"

    def move_line(self):
        return f"UPDATE shop.lines SET (region, number) = ({self.order()}) WHERE (region, number, position) = ({self.line()})"

    def delete_line(self):
        return f"DELETE FROM shop.lines WHERE (region, number, position) = ({self.line()})"

    def new_payment(self):
        return f"""INSERT INTO shop.payments (id, region, number, method, amount, voided, received_at) VALUES ({self.uuid()},
            {self.order()}, {self.one_of('card', 'cash', 'voucher')}, {self.decimal(9, 4)}, {self.one_of('true', 'false')}, {self.time()})"""

    def change_payment(self):
        change = self.random.choice(("voided = NOT voided", f"amount = {self.decimal(9, 4)}", "method = 'card'"))
        return f"UPDATE shop.payments SET {change} WHERE id = {self.row('shop.payments', 'id')}"

    def move_payment(self):
        return f"UPDATE shop.payments SET (region, number) = ({self.order()}) WHERE id = {self.row('shop.payments', 'id')}"

    def delete_payment(self):
        return f"DELETE FROM shop.payments WHERE id = {self.row('shop.payments', 'id')}"

    def change_two_levels(self):
        """Of one order and all below it, in one statement each."""
        order = self.order()
        return f"""UPDATE shop.products SET price = price + 1 WHERE sku IN
              (SELECT sku FROM shop.lines WHERE (region, number) = ({order}));
            UPDATE shop.lines SET quantity = quantity + 1 WHERE (region, number) = ({order});
            DELETE FROM shop.payments WHERE (region, number) = ({order})"""

    def truncate(self):
        return f"TRUNCATE shop.{self.random.choice(('lines', 'payments', 'addresses'))}"


class Shop(Example, unittest.TestCase):
    name = "shop"
    documents = DOCUMENTS
    changes_type = ShopChanges
