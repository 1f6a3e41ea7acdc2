"""pipelines/forum: uuid keys, comments three deep in one table, a score that only an expression reads, order and limit."""

import unittest

from changes import Changes
from example import Example

DOCUMENTS = """
WITH shown AS (SELECT c.*, u.name, u.joined FROM comments c LEFT JOIN users u ON u.id = c.author_id WHERE NOT c.hidden),
third AS (
  SELECT parent_id, json_agg(json_build_object('id', id, 'body', body, 'created_at', created_at,
    'author', CASE WHEN author_id IS NOT NULL THEN json_build_object('name', name) END) ORDER BY created_at, id) AS list
  FROM shown GROUP BY parent_id),
second AS (
  SELECT s.parent_id, json_agg(json_build_object('id', s.id, 'body', s.body, 'created_at', s.created_at,
    'author', CASE WHEN s.author_id IS NOT NULL THEN json_build_object('name', s.name) END,
    'replies', coalesce(t.list, '[]')) ORDER BY s.created_at, s.id) AS list
  FROM shown s LEFT JOIN third t ON t.parent_id = s.id GROUP BY s.parent_id),
newest AS (
  SELECT *, row_number() OVER (PARTITION BY post_id ORDER BY created_at DESC, id) AS place FROM shown WHERE parent_id IS NULL),
first AS (
  SELECT f.post_id, json_agg(json_build_object('id', f.id, 'body', f.body, 'created_at', f.created_at,
    'author', CASE WHEN f.author_id IS NOT NULL THEN json_build_object('name', f.name, 'joined', f.joined) END,
    'replies', coalesce(s.list, '[]')) ORDER BY f.place) AS list
  FROM newest f LEFT JOIN second s ON s.parent_id = f.id WHERE f.place <= 5 GROUP BY f.post_id)
SELECT p.id, json_build_object('id', p.id, 'title', p.title, 'body', p.body, 'created_at', p.created_at,
  'score', coalesce((SELECT sum(value) FROM votes WHERE post_id = p.id), 0),
  'author', (SELECT json_build_object('id', u.id, 'name', u.name) FROM users u WHERE u.id = p.author_id),
  'tags', coalesce((SELECT json_agg(t.name ORDER BY t.name) FROM tags t JOIN post_tags pt ON pt.tag_id = t.id
                    WHERE pt.post_id = p.id), '[]'),
  'comments', coalesce(first.list, '[]'))
FROM posts p LEFT JOIN first ON first.post_id = p.id
"""


class ForumChanges(Changes):
    kinds = {
        "new_user": 3, "rename_user": 3, "change_signature": 1, "delete_user": 0.7,
        "new_post": 5, "change_post": 2, "change_author": 1, "rekey_post": 1, "delete_post": 1,
        "new_tag": 2, "rename_tag": 2, "delete_tag": 0.5, "new_post_tag": 5, "move_post_tag": 2, "delete_post_tag": 2,
        "new_comment": 7, "new_answer": 12, "change_comment": 4, "hide_comment": 3, "move_comment": 3, "rekey_comment": 1,
        "delete_comment": 1,
        "new_vote": 6, "change_vote": 3, "move_vote": 2, "delete_vote": 2,
        "truncate": 0.2,
    }

    def user(self):
        return self.row("users", "id")

    def post(self):
        return self.row("posts", "id")

    def comment(self):
        return self.row("comments", "id")

    def tag(self):
        return self.row("tags", "id")

    def post_tag(self):
        return self.row("post_tags", "post_id", "tag_id")

    def vote(self):
        return self.row("votes", "post_id", "user_id")

    def author(self):
        return self.user() if self.random.random() < 0.8 else "NULL"

    # Statements

    def new_user(self):
        return f"INSERT INTO users VALUES ({self.uuid()}, {self.word()}, {self.date()})"

    def rename_user(self):
        change = self.random.choice((f"name = {self.word()}", f"joined = {self.date()}"))
        return f"UPDATE users SET {change} WHERE id = {self.user()}"

    def change_signature(self):
        return f"UPDATE users SET signature = {self.word()} WHERE id = {self.user()}"

    def delete_user(self):
        return f"DELETE FROM users WHERE id = {self.user()}"

    def new_post(self):
        return f"INSERT INTO posts VALUES ({self.uuid()}, {self.author()}, {self.word()}, {self.word()}, {self.time()})"

    def change_post(self):
        change = self.random.choice((f"title = {self.word()}", f"body = {self.word()}", f"created_at = {self.time()}"))
        return f"UPDATE posts SET {change} WHERE id = {self.post()}"

    def change_author(self):
        return f"UPDATE posts SET author_id = {self.author()} WHERE id = {self.post()}"

    def rekey_post(self):
        return f"UPDATE posts SET id = {self.uuid()} WHERE id = {self.post()}"

    def delete_post(self):
        return f"DELETE FROM posts WHERE id = {self.post()}"

    def new_tag(self):
        return f"INSERT INTO tags (name) VALUES ({self.word()})"

    def rename_tag(self):
        return f"UPDATE tags SET name = {self.word()} WHERE id = {self.tag()}"

    def delete_tag(self):
        return f"DELETE FROM tags WHERE id = {self.tag()}"

    def new_post_tag(self):
        return f"INSERT INTO post_tags VALUES ({self.post()}, {self.tag()})"

    def move_post_tag(self):
        change = self.random.choice((f"post_id = {self.post()}", f"tag_id = {self.tag()}"))
        return f"UPDATE post_tags SET {change} WHERE (post_id, tag_id) = ({self.post_tag()})"

    def delete_post_tag(self):
        return f"DELETE FROM post_tags WHERE (post_id, tag_id) = ({self.post_tag()})"

    def new_comment(self):
        return f"""INSERT INTO comments (post_id, author_id, body, created_at)
            VALUES ({self.post()}, {self.author()}, {self.word()}, {self.time()})"""

    def new_answer(self):
        return f"""INSERT INTO comments (post_id, parent_id, author_id, body, hidden, created_at)
            SELECT post_id, id, {self.author()}::uuid, {self.word()}, {self.random.random() < 0.1}, {self.time()}::timestamptz
            FROM comments WHERE id = {self.comment()}"""

    def change_comment(self):
        change = self.random.choice((f"body = {self.word()}", f"created_at = {self.time()}", f"author_id = {self.author()}"))
        return f"UPDATE comments SET {change} WHERE id = {self.comment()}"

    def hide_comment(self):
        return f"UPDATE comments SET hidden = NOT hidden WHERE id = {self.comment()}"

    def move_comment(self):
        """To another post, or to another comment with whatever hangs on it; a circle would do no harm."""
        change = self.random.choice((f"post_id = {self.post()}", f"parent_id = {self.comment()}", "parent_id = NULL"))
        return f"UPDATE comments SET {change} WHERE id = {self.comment()}"

    def rekey_comment(self):
        return f"UPDATE comments SET id = id + 100000 WHERE id = {self.comment()}"

    def delete_comment(self):
        return f"DELETE FROM comments WHERE id = {self.comment()}"

    def new_vote(self):
        return f"INSERT INTO votes VALUES ({self.post()}, {self.user()}, {self.one_of(-1, 1)})"

    def change_vote(self):
        return f"UPDATE votes SET value = -value WHERE (post_id, user_id) = ({self.vote()})"

    def move_vote(self):
        return f"UPDATE votes SET post_id = {self.post()} WHERE (post_id, user_id) = ({self.vote()})"

    def delete_vote(self):
        return f"DELETE FROM votes WHERE (post_id, user_id) = ({self.vote()})"

    def truncate(self):
        return f"TRUNCATE {self.random.choice(('votes', 'post_tags'))}"


class Forum(Example, unittest.TestCase):
    name = "forum"
    documents = DOCUMENTS
    changes_type = ForumChanges
