DROP INDEX "idx_comments_post_id";

DROP INDEX "idx_comments_author_id";

CREATE INDEX "idx_comments_post_id" ON "comments" ("post_id", "id");

CREATE INDEX "idx_comments_author_id" ON "comments" ("author_id", "id");

DROP INDEX "idx_phones_user_id";

CREATE INDEX "idx_phones_user_id" ON "phones" ("user_id", "id");

DROP INDEX "idx_posts_author_id";

CREATE INDEX "idx_posts_author_id" ON "posts" ("author_id", "id");

DROP INDEX "idx_readings_author_id";

CREATE INDEX "idx_readings_author_id" ON "readings" ("author_id" NULLS FIRST, "id");

DROP INDEX "idx_users_pinned_id";

CREATE INDEX "idx_users_pinned_id" ON "users" ("pinned_id" NULLS FIRST, "id");

DROP INDEX "idx_user_permissions_user_id";

DROP INDEX "idx_user_permissions_permission_id";

CREATE INDEX "idx_user_permissions_user_id" ON "user_permissions" ("user_id", "id");

CREATE INDEX "idx_user_permissions_permission_id" ON "user_permissions" ("permission_id", "id");

DROP INDEX "idx_user_roles_user_id";

DROP INDEX "idx_user_roles_role_id";

CREATE INDEX "idx_user_roles_user_id" ON "user_roles" ("user_id", "id");

CREATE INDEX "idx_user_roles_role_id" ON "user_roles" ("role_id", "id");

DROP INDEX "idx_auth_permissions_auth_roles_auth_role_id";

CREATE INDEX "idx_auth_permissions_auth_roles_auth_role_id" ON "auth_permissions_auth_roles" ("auth_role_id", "auth_permission_id");

DROP INDEX "idx_posts_tags_tag_id";

CREATE INDEX "idx_posts_tags_tag_id" ON "posts_tags" ("tag_id", "post_id");
