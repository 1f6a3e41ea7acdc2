"""The documents of the projects index as they should be: rows of (id, document), written without a look at the product's
own SQL."""

DOCUMENTS = """
SELECT p.id, json_build_object('id', p.id, 'name', p.name, 'slug', p.slug, 'description', p.description,
  'created_at', p.created_at, 'updated_at', p.updated_at,
  'users', (SELECT coalesce(json_agg(json_build_object(
      'id', u.id, 'username', u.username, 'email', u.email, 'role', l.role) ORDER BY u.id), '[]')
    FROM user_projects l JOIN users u ON u.id = l.user_id WHERE l.project_id = p.id),
  'hashtags', (SELECT coalesce(json_agg(json_build_object('id', h.id, 'name', h.name) ORDER BY h.id), '[]')
    FROM project_hashtags l JOIN hashtags h ON h.id = l.hashtag_id WHERE l.project_id = p.id))
FROM projects p
"""
